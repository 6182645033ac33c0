import { createYoga, type Plugin, type YogaServerInstance } from "graphql-yoga";
import { catalogue } from "../../schema/index.ts";
import { ERRORS, type GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import { codedError } from "../core/operation/coded-error.ts";
import type { OperationContext } from "../core/operation/operation-context.ts";
import { type OperationArgs, runOperation } from "../core/operation/plan-operation.ts";
import { httpDocumentLimits, parseWithinLimits } from "../core/operation/prepare-document.ts";
import type { Principal } from "../core/principal.ts";
import type { StreamAnswer } from "../core/streams/stream-refusal.ts";
import { askWorkspace } from "./ask-workspace.ts";
import { assertShallow } from "./assert-shallow.ts";
import type { Edge, WorkspaceStub } from "./edge.ts";
import { errorResponse } from "./error-response.ts";
import { parseJson } from "./graphql-request.ts";
import { readBody } from "./read-body.ts";
import { requireCaller } from "./require-caller.ts";

/** GraphQL over HTTP, to its spec: queries and mutations of a caller that is authenticated first. */
export async function graphqlOverHttp(request: Request, edge: Edge): Promise<Response> {
  const principal = await requireCaller(request, edge);
  const url = new URL(request.url);
  const yoga = yogaAt(url.pathname, edge);
  const context = contextOf(principal, edge);
  if (request.method === "POST") return withReason(await yoga.fetch(await withCheckedBody(request, edge), context));
  assertReadableParameters(url.searchParams, edge.settings.limits);
  return withReason(await yoga.fetch(await edge.documents.inUrl(request), context));
}

/** Yoga says of these two by their status alone what is wrong. */
function withReason(response: Response): Response {
  if (response.body !== null) return response;
  switch (response.status) {
    case ERRORS.NOT_ACCEPTABLE.status:
      return errorResponse("NOT_ACCEPTABLE", "Answers are application/graphql-response+json or application/json.");
    case ERRORS.UNSUPPORTED_MEDIA_TYPE.status:
      return errorResponse("UNSUPPORTED_MEDIA_TYPE", "A request is application/json, application/graphql or a form.");
    default:
      return response;
  }
}

/** What queries and mutations may call: the object of the caller's own workspace, in the caller's name. */
function contextOf(principal: Principal, edge: Edge): OperationContext {
  const ask = (call: (workspace: WorkspaceStub) => Promise<StreamAnswer>) =>
    askWorkspace(edge, principal.workspaceId, call).catch((thrown: GatewayError) => {
      throw codedError(thrown.code, thrown.message);
    });
  return {
    workspaceId: principal.workspaceId,
    addQuery: (stream, query, signature) => ask((workspace) => workspace.addQuery(principal, stream, query, signature)),
    removeQuery: (stream, query) => ask((workspace) => workspace.removeQuery(principal, stream, query)),
  };
}

/** The same request with its body read within the limits, so that nothing behind this sees more, and its document in it. */
async function withCheckedBody(request: Request, { settings: { limits }, documents }: Edge): Promise<Request> {
  const sent = await readBody(request, limits.MAX_HTTP_BODY_BYTES);
  assertShallow(sent, limits);
  const body = await documents.inBody(sent);
  // A form holds JSON in its fields. It is looked at as it will be read: what names a document may be JSON and a form.
  if (request.headers.get("Content-Type")?.includes("urlencoded")) {
    assertReadableParameters(new URLSearchParams(body), limits);
  }
  const headers = new Headers(request.headers);
  headers.delete("Content-Length");
  return new Request(request.url, { method: "POST", headers, body });
}

/** What is no JSON here would be a fault of ours to Yoga. */
function assertReadableParameters(parameters: URLSearchParams, limits: Limits): void {
  for (const name of ["variables", "extensions"]) {
    const text = parameters.get(name);
    if (text) parseJson(text, limits, name);
  }
}

function yogaAt(graphqlEndpoint: string, edge: Edge): YogaServerInstance<OperationContext, object> {
  let yogas = yogasByEdge.get(edge);
  if (yogas === undefined) {
    yogas = new Map();
    yogasByEdge.set(edge, yogas);
  }
  let yoga = yogas.get(graphqlEndpoint);
  if (yoga === undefined) {
    yoga = createYoga<OperationContext>({
      schema: catalogue.schema,
      graphqlEndpoint,
      // CORS, GraphiQL and health have doors of their own.
      cors: false,
      graphiql: false,
      landingPage: false,
      // Looked for at the end of the address, its query included. No address ends so.
      healthCheckEndpoint: " ",
      batching: false,
      // Nothing is uploaded here, and its JSON would be parsed unseen.
      multipart: false,
      // Its cache is bounded by count only, and keyed by the text of whoever sends it.
      parserAndValidationCache: false,
      logging: "error",
      plugins: [parsesWithinLimits(edge), runsOperations, refusesSubscriptions],
    });
    yogas.set(graphqlEndpoint, yoga);
  }
  return yoga;
}

const yogasByEdge = new WeakMap<Edge, Map<string, YogaServerInstance<OperationContext, object>>>();

function parsesWithinLimits({ settings }: Edge): Plugin {
  const limits = httpDocumentLimits(settings.limits);
  return {
    onParse({ setParseFn }) {
      setParseFn((source) => parseWithinLimits(typeof source === "string" ? source : source.body, limits));
    },
  };
}

/** By the executor that sockets have, so that a client is told the same, and of nobody's mistakes but its own. */
const runsOperations: Plugin = {
  onExecute({ args, setExecuteFn }) {
    args.rootValue = catalogue.rootValue;
    setExecuteFn(async (asked: OperationArgs) => {
      const result = await runOperation(asked);
      return "data" in result ? result : { ...result, extensions: { http: { status: 400 } } };
    });
  },
};

const refusesSubscriptions: Plugin = {
  onSubscribe({ setResultAndStopExecution }) {
    const error = codedError("NOT_ACCEPTABLE", "Subscriptions are served over WebSocket at this address.");
    setResultAndStopExecution({
      errors: [Object.assign(error, { extensions: { ...error.extensions, http: { status: 406 } } })],
    });
  },
};
