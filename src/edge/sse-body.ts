import type { UnreadLedger } from "../core/unread-ledger.ts";
import { Backpressure } from "./backpressure.ts";
import type { WorkspaceOperation } from "./workspace-client.ts";

/** How often a comment is sent: it keeps proxies from closing, and shows that a client has vanished. */
const COMMENT_INTERVAL_MS = 12_000;
const COMMENT = ":\n\n";

/** The body of one response of Server-Sent Events: what waits in it for the client is bounded. */
export class SseBody {
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #backpressure: Backpressure;
  /** Undefined once the stream has ended. */
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #operation: WorkspaceOperation | undefined;
  #comments: ReturnType<typeof setInterval> | undefined;
  #repeated: ReturnType<typeof setInterval> | undefined;

  constructor(ledger: UnreadLedger<object>) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.end(),
      },
      { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.#backpressure = new Backpressure({
      ledger,
      unread: () => -(this.#controller?.desiredSize ?? 0),
      tell: (isOn) => this.#operation?.setBackpressure(isOn),
      giveUp: () => this.end(),
    });
  }

  /** The operation that writes here runs now; it is stopped when the stream ends, or has ended already. */
  attach(operation: WorkspaceOperation): void {
    if (this.#controller === undefined) return operation.stop();
    this.#operation = operation;
    // Some browsers take a response for begun only when some of its body is there.
    this.#write(COMMENT);
    this.#comments = setInterval(() => this.#write(COMMENT), COMMENT_INTERVAL_MS);
  }

  send(event: "next" | "complete", data: string): void {
    this.#write(`event: ${event}\ndata:${data === "" ? "" : ` ${data}`}\n\n`);
  }

  /** Sends an event again and again from now on: graphql-sse's clients see no comments. Only the first call does so. */
  repeat(event: "next", data: string, everyMs: number): void {
    if (this.#controller === undefined) return;
    this.#repeated ??= setInterval(() => this.send(event, data), everyMs);
  }

  /** The operation has ended, as opposed to the response only: graphql-sse's client asks again after the latter. */
  complete(): void {
    this.send("complete", "");
    this.end(true);
  }

  end(isComplete = false): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    const unread = -(controller.desiredSize ?? 0);
    this.#controller = undefined;
    clearInterval(this.#comments);
    clearInterval(this.#repeated);
    this.#backpressure.end();
    this.#operation?.stop();
    try {
      // Closing would still deliver what waits, to a client that may no longer have it.
      if (!isComplete && unread > 0) controller.error(new Error("The response was ended."));
      else controller.close();
    } catch {
      // The client cancelled it.
    }
  }

  #write(text: string): void {
    if (this.#controller === undefined) return;
    const bytes = this.#encoder.encode(text);
    this.#controller.enqueue(bytes);
    this.#backpressure.check(bytes.byteLength);
  }
}
