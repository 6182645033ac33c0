import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Frame } from "./frame.ts";
import type { Line, LineEvents, LineOptions } from "./line.ts";

interface SseResult {
  readonly data?: object | null;
  readonly errors?: readonly unknown[];
  readonly extensions?: { readonly position?: string; readonly gap?: boolean };
}

/** A line over Server-Sent Events: each operation is a request, and this one runs one operation at a time. */
export class SseLine implements Line {
  readonly canRefresh = false;
  readonly #options: LineOptions;
  readonly #events: LineEvents;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #isPaused = false;

  constructor(options: LineOptions, events: LineEvents) {
    this.#options = options;
    this.#events = events;
    setImmediate(events.ready);
  }

  subscribe(id: string, payload: object): void {
    const { url, token } = this.#options;
    const headers = {
      Accept: "text/event-stream",
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
    };
    const sent = request(url.replace("ws", "http"), { method: "POST", headers, agent: false });
    this.#request = sent;
    sent.on("error", () => this.#gone(sent, 1006, ""));
    sent.on("response", (response) => {
      if (this.#request !== sent) return;
      if (response.statusCode !== 200) return this.#gone(sent, response.statusCode ?? 0, "");
      this.#response = response;
      if (this.#isPaused) response.pause();
      this.#read(id, sent, response);
    });
    sent.end(JSON.stringify(payload));
  }

  complete(id: string): void {
    const ended = this.#request;
    this.#request = undefined;
    this.#response = undefined;
    ended?.destroy();
    this.#events.message({ type: "pong", payload: { ended: id } });
  }

  refresh(): void {
    throw new TypeError("A response has the token of its request.");
  }

  pause(): void {
    this.#isPaused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#response?.resume();
  }

  cut(): void {
    const cut = this.#request;
    this.#request = undefined;
    cut?.destroy();
  }

  #read(id: string, sent: ClientRequest, response: IncomingMessage): void {
    let rest = "";
    let isComplete = false;
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const events = (rest + chunk).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        if (this.#request !== sent) return;
        if (event.startsWith(":")) continue;
        if (isComplete) this.#events.wrong(`after event: complete came ${event.slice(0, 200)}`);
        const [, type, data] = /^event: (next|complete)\ndata: ?(.*)$/.exec(event) ?? [];
        isComplete = type === "complete";
        if (type === "next") this.#hear(id, JSON.parse(data ?? "") as SseResult);
        else this.#events.wrong(`an operation that does not end got ${event.slice(0, 200)}`);
      }
    });
    response.on("error", () => undefined);
    response.on("close", () => this.#gone(sent, 1000, ""));
  }

  /** Says it as a socket would. */
  #hear(id: string, result: SseResult): void {
    const { position, gap } = result.extensions ?? {};
    const isEvent = result.data !== null || result.errors !== undefined || position === undefined;
    const told = { id, position: position ?? "" };
    if (isEvent) this.#events.message({ type: "next", id, payload: result as NonNullable<Frame["payload"]> });
    else this.#events.message({ type: "ping", payload: gap === true ? { gap: told } : { position: told } });
  }

  #gone(sent: ClientRequest, code: number, reason: string): void {
    if (this.#request !== sent) return;
    this.#request = undefined;
    sent.destroy();
    this.#events.gone({ code, reason });
  }
}
