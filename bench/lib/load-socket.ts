import { randomBytes } from "node:crypto";
import { OPCODE } from "./frame-reader.ts";
import { FrameSocket } from "./frame-socket.ts";
import type { ConnectOptions } from "./load-commands.ts";
import type { Opening } from "./opening.ts";
import { forEachSequence } from "./sequence.ts";

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

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/** One client: opens a socket, subscribes, and reads the number of every message that comes. */
export class LoadSocket {
  readonly #socket: FrameSocket;
  readonly #conversation: Conversation;
  readonly #listener: Listener;
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
    this.#socket = new FrameSocket(conversation.host, upgradeRequest(conversation), {
      onUpgraded: () => this.#socket.send(initMessage(conversation)),
      onFrame: (opcode, bytes, start, end) => this.#receive(opcode, bytes, start, end),
      onFailure: listener.onFailure,
    });
  }

  /** Asks whether the server is still there, as clients do that keep a connection alive. */
  ping(): void {
    this.#unanswered++;
    this.#socket.send(PING);
  }

  /** How many pings were not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  close(): void {
    this.#socket.close();
  }

  #receive(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode !== OPCODE.text) throw new Error(unexpectedText(opcode, bytes, start, end));
    if (this.#ready === undefined) this.#receiveMessages(bytes, start, end);
    else this.#converse(bytes.toString("utf8", start, end), this.#ready);
  }

  #converse(text: string, ready: () => void): void {
    if (!this.#conversation.opening(text, (answer) => this.#socket.send(answer))) return;
    ready();
    this.#ready = undefined;
  }

  /** A frame holds one message, or an array of them. */
  #receiveMessages(bytes: Buffer, start: number, end: number): void {
    this.#listener.onFrame(bytes, start, end);
    const hasNumber = forEachSequence(bytes, start, end, this.#listener.onMessage);
    if (!hasNumber) this.#receivePong(bytes.toString("utf8", start, end));
  }

  #receivePong(text: string): void {
    if (text !== PONG || this.#unanswered === 0) throw new Error(`A message has no number: ${text}`);
    this.#unanswered--;
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
