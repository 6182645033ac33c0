import { createConnection, type Socket } from "node:net";
import { clientFrame, FrameReader, OPCODE } from "./frame-reader.ts";
import { initMessage, upgradeRequest } from "./load-socket.ts";
import { afterSequence, findSequence, readSequence } from "./sequence.ts";

/** What one connection asks for. */
export interface Resumption {
  readonly host: string;
  readonly token: string;
  /** The payload of `subscribe`. */
  readonly payload: string;
}

export interface ResumeListener {
  /** The operation was asked for. */
  readonly onSubscribed: () => void;
  /** Told of the number of every message of data. */
  readonly onMessage: (sequence: number) => void;
  /** The operation is live: nothing more will come of what was missed. */
  readonly onLive: () => void;
  /** Told of whatever must not happen. */
  readonly onFailure: (error: Error) => void;
}

// One for all: what is read is looked at before the next read begins.
const readBuffer = Buffer.alloc(256 * 1024);

const SUBPROTOCOL = "graphql-transport-ws.batch";
const LIVE = Buffer.from('{"type":"ping","payload":{"position":');

/** A client that comes back: opens a socket, subscribes from where it was, and reads until it is told to be live. */
export class ResumingSocket {
  readonly #socket: Socket;
  readonly #resumption: Resumption;
  readonly #listener: ResumeListener;
  readonly #reader = new FrameReader((opcode, bytes, start, end) => this.#receive(opcode, bytes, start, end));
  #head = "";
  #state: "upgrading" | "initialising" | "subscribed" = "upgrading";

  constructor(resumption: Resumption, listener: ResumeListener) {
    this.#resumption = resumption;
    this.#listener = listener;
    const { host, token } = resumption;
    const [address = "", port] = host.split(":");
    this.#socket = createConnection({
      host: address,
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
    const request = upgradeRequest({ host, token, path: "/graphql", tokenIn: "subprotocol", subprotocol: SUBPROTOCOL });
    this.#socket.on("connect", () => this.#socket.write(request));
    this.#socket.on("error", listener.onFailure);
    this.#socket.on("close", () => listener.onFailure(new Error("A socket was closed.")));
  }

  /** Ends the connection without a word, as one that is lost. */
  drop(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.resetAndDestroy();
  }

  #read(chunk: Buffer): void {
    try {
      if (this.#state === "upgrading") this.#readHead(chunk);
      else this.#reader.read(chunk);
    } catch (thrown) {
      this.#listener.onFailure(thrown as Error);
      this.drop();
    }
  }

  #readHead(chunk: Buffer): void {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return;
    if (!this.#head.startsWith("HTTP/1.1 101 ")) throw new Error(`The upgrade was answered by ${this.#head}`);
    this.#state = "initialising";
    this.#socket.write(clientFrame(initMessage({ tokenIn: "subprotocol", token: "" })));
    const rest = this.#head.slice(end + 4);
    if (rest !== "") this.#reader.read(Buffer.from(rest, "latin1"));
  }

  #receive(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode !== OPCODE.text)
      throw new Error(`A frame came of kind ${opcode}: ${bytes.toString("utf8", start, end)}`);
    if (this.#state === "initialising") return this.#subscribe(bytes.toString("utf8", start, end));
    if (bytes.compare(LIVE, 0, LIVE.length, start, Math.min(end, start + LIVE.length)) === 0) {
      return this.#listener.onLive();
    }
    let at = findSequence(bytes, start, end);
    if (at === -1) throw new Error(`A message has no number: ${bytes.toString("utf8", start, end)}`);
    for (; at !== -1; at = findSequence(bytes, afterSequence(at), end)) {
      this.#listener.onMessage(readSequence(bytes, at));
    }
  }

  #subscribe(answer: string): void {
    if (!answer.includes('"connection_ack"')) throw new Error(`In the place of the ack, this came: ${answer}`);
    this.#state = "subscribed";
    this.#socket.write(clientFrame(`{"id":"1","type":"subscribe","payload":${this.#resumption.payload}}`));
    this.#listener.onSubscribed();
  }
}
