import { randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { clientFrame, FrameReader, OPCODE } from "./frame-reader.ts";
import type { ConnectOptions } from "./load-commands.ts";
import type { Opening } from "./opening.ts";
import { afterSequence, findSequence, readSequence } from "./sequence.ts";

/** What one connection says until its subscriptions run. */
export interface Conversation extends Pick<ConnectOptions, "host" | "path" | "tokenIn" | "subprotocol"> {
  readonly token: string;
  readonly opening: Opening;
}

export interface Listener {
  /** Told of the number of every message of data. */
  readonly onMessage: (sequence: number) => void;
  /** Told of every frame with data. The bytes are only there during the call. */
  readonly onFrame: (bytes: Buffer, start: number, end: number) => void;
  /** Told of whatever must not happen after the start. */
  readonly onFailure: (error: Error) => void;
}

// One for all: what is read is looked at before the next read begins.
const readBuffer = Buffer.alloc(256 * 1024);

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/** One client: opens a socket, subscribes, and reads the number of every message that comes. */
export class LoadSocket {
  readonly #socket: Socket;
  readonly #conversation: Conversation;
  readonly #reader: FrameReader;
  readonly #listener: Listener;
  #head = "";
  #upgraded = false;
  #ready: (() => void) | undefined;
  #unanswered = 0;

  static async open(conversation: Conversation, listener: Listener): Promise<LoadSocket> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const onFailure = (error: Error) => (isOpen ? listener.onFailure(error) : reject(error));
      const socket: LoadSocket = new LoadSocket(conversation, { ...listener, onFailure }, () => {
        isOpen = true;
        resolve(socket);
      });
    });
  }

  private constructor(conversation: Conversation, listener: Listener, ready: () => void) {
    this.#conversation = conversation;
    this.#listener = listener;
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
    this.#socket.on("error", listener.onFailure);
    this.#socket.on("close", () => listener.onFailure(new Error("A socket was closed.")));
  }

  /** Asks whether the server is still there, as clients do that keep a connection alive. */
  ping(): void {
    this.#unanswered++;
    this.#send(PING);
  }

  /** How many pings were not answered. */
  get unanswered(): number {
    return this.#unanswered;
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
      this.#listener.onFailure(thrown as Error);
      this.close();
    }
  }

  #readHead(chunk: Buffer): void {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return;
    if (!this.#head.startsWith("HTTP/1.1 101 ")) throw new Error(`The upgrade was answered by ${this.#head}`);
    this.#upgraded = true;
    this.#send(initMessage(this.#conversation));
    const rest = this.#head.slice(end + 4);
    this.#head = "";
    if (rest !== "") this.#reader.read(Buffer.from(rest, "latin1"));
  }

  #receive(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode !== OPCODE.text) throw new Error(unexpectedText(opcode, bytes, start, end));
    if (this.#ready === undefined) this.#receiveMessages(bytes, start, end);
    else this.#converse(bytes.toString("utf8", start, end), this.#ready);
  }

  #converse(text: string, ready: () => void): void {
    if (!this.#conversation.opening(text, (answer) => this.#send(answer))) return;
    ready();
    this.#ready = undefined;
  }

  /** A frame holds one message, or an array of them. */
  #receiveMessages(bytes: Buffer, start: number, end: number): void {
    this.#listener.onFrame(bytes, start, end);
    let at = findSequence(bytes, start, end);
    if (at === -1) return this.#receivePong(bytes.toString("utf8", start, end));
    for (; at !== -1; at = findSequence(bytes, afterSequence(at), end)) {
      this.#listener.onMessage(readSequence(bytes, at));
    }
  }

  #receivePong(text: string): void {
    if (text !== PONG || this.#unanswered === 0) throw new Error(`A message has no number: ${text}`);
    this.#unanswered--;
  }

  #send(text: string): void {
    this.#socket.write(clientFrame(text));
  }
}

function unexpectedText(opcode: number, bytes: Buffer, start: number, end: number): string {
  if (opcode !== OPCODE.close) return `A frame of kind ${opcode} came, where only text is expected.`;
  return `The server closed a socket: ${bytes.readUInt16BE(start)} ${bytes.toString("utf8", start + 2, end)}`;
}

export function initMessage({ tokenIn, token }: Pick<Conversation, "tokenIn" | "token">): string {
  const payload = tokenIn === "connectionParams" ? { authorization: `Bearer ${token}` } : undefined;
  return JSON.stringify({ type: "connection_init", payload });
}

export function upgradeRequest({ host, path, token, tokenIn, subprotocol }: Omit<Conversation, "opening">): string {
  const items = tokenIn === "subprotocol" ? [subprotocol, `bearer.${token}`] : [subprotocol];
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    `Sec-WebSocket-Protocol: ${items.join(", ")}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
