import { catalogue } from "../../schema/index.ts";
import { authenticateRequest } from "../auth/token-sources.ts";
import { GatewayError } from "../core/errors.ts";
import { initialResult } from "../core/operation/initial-result.ts";
import { isLargerThan } from "../core/text-size.ts";
import { Backpressure } from "./backpressure.ts";
import type { Edge } from "./edge.ts";
import { readGraphqlRequest } from "./graphql-request.ts";
import { runInWorkspace, type WorkspaceOperation } from "./workspace-client.ts";

/** How often a comment is sent: it keeps proxies from closing, and shows that a client has vanished. */
const COMMENT_INTERVAL_MS = 12_000;

/** Whether a client wants its results as a stream of events. */
export function wantsEventStream(request: Request): boolean {
  return (request.headers.get("Accept") ?? "").includes("text/event-stream");
}

/**
 * GraphQL over Server-Sent Events, in graphql-sse's distinct connections mode: one response per operation. It lives here,
 * over a hibernating socket to the object, so that it keeps no object awake.
 */
export async function graphqlOverSse(request: Request, edge: Edge): Promise<Response> {
  const principal = await authenticateRequest(request, edge.verifier, edge.settings);
  if (principal === undefined) throw new GatewayError("UNAUTHENTICATED", "The request holds no access token.");
  const payload = await readGraphqlRequest(request, edge.settings.limits);
  if (isLargerThan(JSON.stringify(payload), edge.settings.limits.MAX_FRAME_BYTES / 2)) {
    throw new GatewayError(
      "TOO_LARGE",
      `An operation may have ${edge.settings.limits.MAX_FRAME_BYTES / 2} bytes here.`,
    );
  }
  const stream = new EventStream(edge);
  const initial = initialResult(catalogue, payload, edge.settings.limits);
  const running = runInWorkspace(edge, principal, payload, {
    next: (text) => {
      stream.send("next", text);
      if (initial !== undefined) stream.repeat("next", initial, edge.settings.limits.KEEP_ALIVE_SECONDS * 1000);
    },
    errors: (errors) => {
      stream.send("next", JSON.stringify({ errors }));
      stream.complete();
    },
    complete: () => stream.complete(),
    position: (position, isGap) => {
      const extensions = isGap ? { position, gap: true } : { position };
      stream.send("next", JSON.stringify({ data: null, extensions }));
    },
    closed: () => stream.end(),
  });
  try {
    stream.attach(await running);
  } catch (thrown) {
    stream.end();
    throw thrown;
  }
  return new Response(stream.body, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-cache",
      "X-Accel-Buffering": "no",
    },
  });
}

/** The body of one response: what waits in it for the client is bounded. */
class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #backpressure: Backpressure;
  readonly #comments: ReturnType<typeof setInterval>;
  #repeated: ReturnType<typeof setInterval> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #operation: WorkspaceOperation | undefined;

  constructor(edge: Edge) {
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
      ledger: edge.unread,
      unread: () => -(this.#controller?.desiredSize ?? 0),
      tell: (isOn) => this.#operation?.setBackpressure(isOn),
      giveUp: () => this.end(),
    });
    this.#comments = setInterval(() => this.#write(":\n\n"), COMMENT_INTERVAL_MS);
  }

  attach(operation: WorkspaceOperation): void {
    this.#operation = operation;
    if (this.#controller === undefined) operation.stop();
  }

  send(event: "next" | "complete", data: string): void {
    this.#write(`event: ${event}\ndata:${data === "" ? "" : ` ${data}`}\n\n`);
    this.#backpressure.check();
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
    this.#controller?.enqueue(this.#encoder.encode(text));
  }
}
