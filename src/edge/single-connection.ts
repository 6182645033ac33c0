import { assertNever, GatewayError } from "../core/errors.ts";
import type { Principal } from "../core/principal.ts";
import { askWorkspace } from "./ask-workspace.ts";
import type { Edge } from "./edge.ts";
import { readGraphqlRequest } from "./graphql-request.ts";
import { requireCaller } from "./require-caller.ts";
import { eventStreamResponse, wantsEventStream } from "./sse.ts";
import { SseBody } from "./sse-body.ts";
import { connectToWorkspace, subscribeFrame } from "./workspace-client.ts";

/** Whether a request is one of graphql-sse's single connection mode. */
export function isOfSingleConnection(request: Request): boolean {
  const { method } = request;
  if (method === "PUT" || method === "DELETE") return true;
  return streamTokenOf(request) !== undefined && (method === "POST" || wantsEventStream(request));
}

/**
 * graphql-sse's single connection mode: a stream is reserved (`PUT`), opened (`GET`), and carries the results of all
 * operations, which requests of their own start (`POST`) and end (`DELETE`).
 * @throws GatewayError UNAUTHENTICATED, UNAVAILABLE, NOT_FOUND, BAD_REQUEST, BAD_MESSAGE, TOO_LARGE, ID_REUSED
 */
export async function singleConnection(request: Request, edge: Edge): Promise<Response> {
  const caller = await requireCaller(request, edge);
  if (request.method === "PUT") {
    const reserved = await askWorkspace(edge, caller.workspaceId, (workspace) => workspace.reserveSse(caller));
    return new Response(reserved, { status: 201 });
  }
  const token = streamTokenOf(request);
  if (token === undefined) throw new GatewayError("BAD_REQUEST", "X-GraphQL-Event-Stream-Token is required.");
  if (request.method === "GET") return openStream(caller, token, edge);
  return request.method === "POST" ? start(request, caller, token, edge) : stop(request, caller, token, edge);
}

async function openStream(caller: Principal, token: string, edge: Edge): Promise<Response> {
  const isTaken = await askWorkspace(edge, caller.workspaceId, (workspace) => workspace.takeSse(caller, token));
  if (!isTaken) throw noStream();
  const stream = new SseBody(edge.unread);
  const send = (id: string, payload: string) =>
    stream.send("next", `{"id":${JSON.stringify(id)},"payload":${payload}}`);
  const complete = (id: string) => stream.send("complete", JSON.stringify({ id }));
  const connection = await connectToWorkspace(
    edge,
    caller,
    {
      next: (payload, id) => send(id, payload),
      errors: (errors, id) => {
        send(id, JSON.stringify({ errors }));
        complete(id);
      },
      complete,
      position: (position, isGap, id) => {
        const extensions = isGap ? { position, gap: true } : { position };
        send(id, JSON.stringify({ data: null, extensions }));
      },
      closed: () => stream.end(),
    },
    token,
  );
  stream.attach(connection);
  return eventStreamResponse(stream);
}

async function start(request: Request, caller: Principal, token: string, edge: Edge): Promise<Response> {
  const payload = await readGraphqlRequest(request, edge);
  const message = { type: "subscribe", id: operationId(payload.extensions?.["operationId"], edge), payload } as const;
  // Throws for what the object would close the whole stream for.
  subscribeFrame(message, edge.settings.limits);
  const outcome = await askWorkspace(edge, caller.workspaceId, (workspace) =>
    workspace.startOverSse(caller, token, message),
  );
  switch (outcome) {
    case "started":
      return new Response(null, { status: 202 });
    case "no-stream":
      throw noStream();
    case "id-in-use":
      throw new GatewayError("ID_REUSED", "An operation of this operationId runs.");
    default:
      return assertNever(outcome);
  }
}

async function stop(request: Request, caller: Principal, token: string, edge: Edge): Promise<Response> {
  const id = operationId(new URL(request.url).searchParams.get("operationId"), edge);
  const isThere = await askWorkspace(edge, caller.workspaceId, (workspace) => workspace.stopOverSse(caller, token, id));
  if (!isThere) throw noStream();
  return new Response(null, { status: 200 });
}

function streamTokenOf({ url, headers }: Request): string | undefined {
  return headers.get("X-GraphQL-Event-Stream-Token") ?? new URL(url).searchParams.get("token") ?? undefined;
}

function operationId(value: unknown, { settings: { limits } }: Edge): string {
  const { MAX_OPERATION_ID_LENGTH: max } = limits;
  if (typeof value === "string" && value !== "" && value.length <= max) return value;
  throw new GatewayError("BAD_REQUEST", `operationId must be a text of 1 to ${max} characters.`);
}

/** The same for a stream of another caller as for none. */
function noStream(): GatewayError {
  return new GatewayError("NOT_FOUND", "There is no such stream; reserve another.");
}
