import { randomBytes, randomUUID } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { clientFrame, FrameReader, OPCODE } from "./frame-reader.ts";
import { findSequence, readSequence } from "./sequence.ts";

/** What one connection says until its subscription runs. */
export interface Conversation {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly path: string;
  /** The token; it goes along as a subprotocol item. */
  readonly token: string;
  /** The payload of the `subscribe` message. */
  readonly subscribe: object;
}

/** Told of every message of data. The bytes are only there during the call. */
export type OnMessage = (sequence: number, bytes: Buffer, start: number, end: number) => void;

// One for all: what is read is looked at before the next read begins.
const readBuffer = Buffer.alloc(256 * 1024);

const READY_PING = '{"type":"ping","payload":{"ready":true}}';
const READY_PONG = '{"type":"pong","payload":{"ready":true}}';

/** One subscriber: opens a socket, subscribes once, and checks that no message is missing, doubled or out of order. */
export class LoadSocket {
  readonly #socket: Socket;
  readonly #conversation: Conversation;
  readonly #reader: FrameReader;
  readonly #onMessage: OnMessage;
  readonly #onFailure: (error: Error) => void;
  #head = "";
  #upgraded = false;
  #ready: (() => void) | undefined;
  /** Where the sequence number stands in a message: all messages of a run are alike. */
  #sequenceAt = -1;
  #messageBytes = 0;
  #last = 0;

  /** @param onFailure told of whatever must not happen after the start */
  static async open(
    conversation: Conversation,
    onMessage: OnMessage,
    onFailure: (error: Error) => void,
  ): Promise<LoadSocket> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const fail = (error: Error) => (isOpen ? onFailure(error) : reject(error));
      const socket: LoadSocket = new LoadSocket(conversation, onMessage, fail, () => {
        isOpen = true;
        resolve(socket);
      });
    });
  }

  private constructor(
    conversation: Conversation,
    onMessage: OnMessage,
    onFailure: (error: Error) => void,
    ready: () => void,
  ) {
    this.#conversation = conversation;
    this.#onMessage = onMessage;
    this.#onFailure = onFailure;
    this.#ready = ready;
    this.#reader = new FrameReader((opcode, bytes, start, end) => this.#receive(opcode, bytes, start, end));
    const [host = "", port] = conversation.host.split(":");
    this.#socket = createConnection({
      host,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (size) => {
          this.#read(readBuffer.subarray(0, size));
          return true;
        },
      },
    });
    this.#socket.on("connect", () => this.#socket.write(upgradeRequest(conversation)));
    this.#socket.on("error", onFailure);
    this.#socket.on("close", () => onFailure(new Error("A socket was closed.")));
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    try {
      if (this.#upgraded) this.#reader.read(chunk);
      else this.#readHead(chunk);
    } catch (thrown) {
      this.#onFailure(thrown as Error);
      this.close();
    }
  }

  #readHead(chunk: Buffer): void {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return;
    if (!this.#head.startsWith("HTTP/1.1 101 ")) throw new Error(`The upgrade was answered by ${this.#head}`);
    this.#upgraded = true;
    this.#send('{"type":"connection_init"}');
    const rest = this.#head.slice(end + 4);
    this.#head = "";
    if (rest !== "") this.#reader.read(Buffer.from(rest, "latin1"));
  }

  #receive(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode !== OPCODE.text) throw new Error(unexpectedText(opcode, bytes, start, end));
    if (this.#ready === undefined) this.#receiveMessage(bytes, start, end);
    else this.#converse(bytes.toString("utf8", start, end), this.#ready);
  }

  #converse(text: string, ready: () => void): void {
    if (text.includes('"connection_ack"')) {
      this.#send(JSON.stringify({ id: randomUUID(), type: "subscribe", payload: this.#conversation.subscribe }));
      // Frames of one socket are looked at in their order, so the answer tells that the subscription runs.
      this.#send(READY_PING);
    } else if (text === READY_PONG) {
      ready();
      this.#ready = undefined;
    } else {
      throw new Error(`Before the subscription runs, this came: ${text}`);
    }
  }

  #receiveMessage(bytes: Buffer, start: number, end: number): void {
    if (this.#sequenceAt === -1) {
      this.#sequenceAt = findSequence(bytes, start, end) - start;
      this.#messageBytes = end - start;
    }
    if (end - start !== this.#messageBytes) throw new Error("Messages of one run differ in size.");
    const sequence = readSequence(bytes, start + this.#sequenceAt);
    if (sequence !== this.#last + 1) throw new Error(`Message ${sequence} came after message ${this.#last}.`);
    this.#last = sequence;
    this.#onMessage(sequence, bytes, start, end);
  }

  #send(text: string): void {
    this.#socket.write(clientFrame(text));
  }
}

function unexpectedText(opcode: number, bytes: Buffer, start: number, end: number): string {
  if (opcode !== OPCODE.close) return `A frame of kind ${opcode} came, where only text is expected.`;
  return `The server closed a socket: ${bytes.readUInt16BE(start)} ${bytes.toString("utf8", start + 2, end)}`;
}

function upgradeRequest({ host, path, token }: Conversation): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    `Sec-WebSocket-Protocol: graphql-transport-ws, bearer.${token}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
