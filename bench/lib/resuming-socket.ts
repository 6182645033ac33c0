import { OPCODE } from "./frame-reader.ts";
import { FrameSocket } from "./frame-socket.ts";
import { initMessage, upgradeRequest } from "./load-socket.ts";
import { forEachSequence } from "./sequence.ts";

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

const SUBPROTOCOL = "graphql-transport-ws.batch";
const LIVE = Buffer.from('{"type":"ping","payload":{"position":');

/** A client that comes back: opens a socket, subscribes from where it was, and reads until it is told to be live. */
export class ResumingSocket {
  readonly #socket: FrameSocket;
  readonly #resumption: Resumption;
  readonly #listener: ResumeListener;
  #isSubscribed = false;

  constructor(resumption: Resumption, listener: ResumeListener) {
    this.#resumption = resumption;
    this.#listener = listener;
    const { host, token } = resumption;
    const request = upgradeRequest({ host, token, path: "/graphql", tokenIn: "subprotocol", subprotocol: SUBPROTOCOL });
    this.#socket = new FrameSocket(host, request, {
      onUpgraded: () => this.#socket.send(initMessage({ tokenIn: "subprotocol", token })),
      onFrame: (opcode, bytes, start, end) => this.#receive(opcode, bytes, start, end),
      onFailure: listener.onFailure,
    });
  }

  /** Ends the connection without a word, as one that is lost. */
  drop(): void {
    this.#socket.drop();
  }

  #receive(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode !== OPCODE.text)
      throw new Error(`A frame came of kind ${opcode}: ${bytes.toString("utf8", start, end)}`);
    if (!this.#isSubscribed) return this.#subscribe(bytes.toString("utf8", start, end));
    if (bytes.compare(LIVE, 0, LIVE.length, start, Math.min(end, start + LIVE.length)) === 0) {
      return this.#listener.onLive();
    }
    const hasNumber = forEachSequence(bytes, start, end, this.#listener.onMessage);
    if (!hasNumber) throw new Error(`A message has no number: ${bytes.toString("utf8", start, end)}`);
  }

  #subscribe(answer: string): void {
    if (!answer.includes('"connection_ack"')) throw new Error(`In the place of the ack, this came: ${answer}`);
    this.#isSubscribed = true;
    this.#socket.send(`{"id":"1","type":"subscribe","payload":${this.#resumption.payload}}`);
    this.#listener.onSubscribed();
  }
}
