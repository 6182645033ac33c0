import { catalogue } from "../../schema/index.ts";
import { initialResult } from "../core/operation/initial-result.ts";
import { socketDocumentLimits } from "../core/operation/prepare-document.ts";
import { readOperation } from "../core/operation/read-operation.ts";
import type { Edge } from "./edge.ts";
import { readGraphqlRequest } from "./graphql-request.ts";
import { noMutationByGet } from "./no-mutation-by-get.ts";
import { requireToken } from "./require-caller.ts";
import { SseBody } from "./sse-body.ts";
import { runInWorkspace } from "./workspace-client.ts";

/** Whether a client wants its results as a stream of events. */
export function wantsEventStream(request: Request): boolean {
  return (request.headers.get("Accept") ?? "").includes("text/event-stream");
}

/**
 * GraphQL over Server-Sent Events, in graphql-sse's distinct connections mode: one response per operation. It lives here,
 * over a hibernating socket to the object, so that it keeps no object awake.
 */
export async function graphqlOverSse(request: Request, edge: Edge): Promise<Response> {
  const principal = await requireToken(request, edge);
  const payload = await readGraphqlRequest(request, edge);
  const { limits } = edge.settings;
  const refused = noMutationByGet(request, readOperation(payload, socketDocumentLimits(limits)));
  if (refused !== undefined) return refused;
  const stream = new SseBody(edge.unread);
  const initial = initialResult(catalogue, payload, limits);
  const operation = await runInWorkspace(edge, principal, payload, {
    next: (text) => {
      stream.send("next", text);
      if (initial !== undefined) stream.repeat("next", initial, limits.KEEP_ALIVE_SECONDS * 1000);
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
  stream.attach(operation);
  return eventStreamResponse(stream);
}

export function eventStreamResponse({ body }: SseBody): Response {
  return new Response(body, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-cache",
      "X-Accel-Buffering": "no",
    },
  });
}
