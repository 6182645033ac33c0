import { catalogue } from "../../schema/index.ts";
import { assertNever, GatewayError } from "../core/errors.ts";
import { ownerOf } from "../core/operation/operation-owner.ts";
import { httpDocumentLimits } from "../core/operation/prepare-document.ts";
import { readOperation } from "../core/operation/read-operation.ts";
import type { SubscribePayload } from "../core/protocol/messages.ts";
import { assertShallow } from "./assert-shallow.ts";
import type { Edge } from "./edge.ts";
import { forwardUpstream } from "./forward-upstream.ts";
import { parseGraphqlRequest, readGraphqlRequest } from "./graphql-request.ts";
import { noMutationByGet } from "./no-mutation-by-get.ts";
import { decodeBody, readBytes } from "./read-body.ts";

/**
 * Sends a request on whose operation is not the gateway's. Nobody is authenticated here: who signs in has no token yet.
 * @returns upstream's answer, or the request, its body still unread, when the gateway is to answer it
 * @throws GatewayError MIXED_OPERATION, UPSTREAM_FAILED, UPSTREAM_TIMEOUT, TOO_LARGE, BAD_REQUEST, BAD_MESSAGE, and as of a
 *   persisted document
 */
export async function routeUpstream(received: Request, upstreamUrl: string, edge: Edge): Promise<Response | Request> {
  const { limits } = edge.settings;
  const bytes = received.method === "POST" ? await readBytes(received, limits.MAX_HTTP_BODY_BYTES) : undefined;
  const { request, body, payload } = await askedBy(received, bytes, edge);
  const read = payload && readOperation(payload, httpDocumentLimits(limits));
  const owner = read === undefined ? "gateway" : ownerOf(catalogue.schema, read.document, read.operation);
  switch (owner) {
    case "gateway":
      return body === undefined ? request : unread(request, body);
    case "upstream":
      assertGivenOnce(request);
      return noMutationByGet(request, read) ?? forwardUpstream(request, body, upstreamUrl, edge.settings);
    case "both": {
      const message = "One operation asks for fields of the gateway and of the server behind it; send one for each.";
      throw new GatewayError("MIXED_OPERATION", message);
    }
    default:
      return assertNever(owner);
  }
}

/** What was read is the first of several; a server that reads the last would run another operation, a mutation by `GET` say. */
function assertGivenOnce({ url }: Request): void {
  const { searchParams } = new URL(url);
  for (const name of ["query", "operationName"]) {
    if (searchParams.getAll(name).length > 1) throw new GatewayError("BAD_REQUEST", `${name} may be given once.`);
  }
}

type Body = Uint8Array<ArrayBuffer> | undefined;

interface Asked {
  /** With the document where it named a persisted one. */
  readonly request: Request;
  readonly body: Body;
  /** Undefined when it cannot be read, which the gateway's own doors answer best. */
  readonly payload?: SubscribePayload | undefined;
}

async function askedBy(request: Request, body: Body, edge: Edge): Promise<Asked> {
  const { documents, settings } = edge;
  const { limits } = settings;
  try {
    if (body === undefined) {
      const whole = await documents.inUrl(request);
      return { request: whole, body, payload: await readGraphqlRequest(whole, edge) };
    }
    const type = request.headers.get("Content-Type") ?? "";
    if (/^application\/([\w.-]+\+)?json\b/i.test(type)) {
      const text = decodeBody(body);
      assertShallow(text, limits);
      const whole = await documents.inBody(text);
      const bytes = whole === text ? body : new TextEncoder().encode(whole);
      return { request, body: bytes, payload: parseGraphqlRequest(whole, limits) };
    }
    if (/^multipart\/form-data\b/i.test(type)) {
      return { request, body, payload: parseGraphqlRequest(await operationsOf(body, type), limits) };
    }
    return { request, body };
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code === "BAD_REQUEST") return { request, body };
    throw thrown;
  }
}

/** The field of a request with uploads that says what it asks for. */
async function operationsOf(body: Uint8Array<ArrayBuffer>, type: string): Promise<string> {
  try {
    return String((await new Response(body, { headers: { "Content-Type": type } }).formData()).get("operations"));
  } catch {
    throw new GatewayError("BAD_REQUEST", "The body must be a form.");
  }
}

function unread({ url, method, headers }: Request, body: Uint8Array<ArrayBuffer>): Request {
  return new Request(url, { method, headers, body });
}
