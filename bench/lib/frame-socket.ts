import { createConnection, type Socket } from "node:net";
import { clientFrame, FrameReader, type OnFrame } from "./frame-reader.ts";

export interface FrameListener {
  /** The server has agreed to speak WebSocket. */
  readonly onUpgraded: () => void;
  readonly onFrame: OnFrame;
  /** Told of whatever must not happen: what a frame made a listener throw, and the end of the connection. */
  readonly onFailure: (error: Error) => void;
}

// One for all: what is read is looked at before the next read begins.
const readBuffer = Buffer.alloc(256 * 1024);

/** A WebSocket client as bytes: what is measured is the server, and a library would take more of the machine than it. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #listener: FrameListener;
  readonly #reader: FrameReader;
  #head = "";
  #upgraded = false;

  /** @param upgradeRequest the text of the request that asks for the upgrade */
  constructor(host: string, upgradeRequest: string, listener: FrameListener) {
    this.#listener = listener;
    this.#reader = new FrameReader(listener.onFrame);
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
    this.#socket.on("connect", () => this.#socket.write(upgradeRequest));
    this.#socket.on("error", listener.onFailure);
    this.#socket.on("close", () => listener.onFailure(new Error("A socket was closed.")));
  }

  send(text: string): void {
    this.#socket.write(clientFrame(text));
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  /** Ends the connection without a word, as one that is lost. */
  drop(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.resetAndDestroy();
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
    this.#listener.onUpgraded();
    const rest = this.#head.slice(end + 4);
    this.#head = "";
    if (rest !== "") this.#reader.read(Buffer.from(rest, "latin1"));
  }
}
