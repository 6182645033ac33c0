import { catalogue } from "../../schema/index.ts";
import { assertNever, GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import { ownerOf } from "../core/operation/operation-owner.ts";
import { httpDocumentLimits } from "../core/operation/prepare-document.ts";
import { readOperation } from "../core/operation/read-operation.ts";
import type { SubscribePayload } from "../core/protocol/messages.ts";
import type { Edge } from "./edge.ts";
import { forwardUpstream } from "./forward-upstream.ts";
import { parseGraphqlRequest, readGraphqlRequest } from "./graphql-request.ts";
import { noMutationByGet } from "./no-mutation-by-get.ts";
import { decodeBody, readBytes } from "./read-body.ts";

/**
 * Sends a request on whose operation is not the gateway's. Nobody is authenticated here: who signs in has no token yet.
 * @returns upstream's answer, or the request, its body still unread, when the gateway is to answer it
 * @throws GatewayError MIXED_OPERATION, UPSTREAM_FAILED, UPSTREAM_TIMEOUT, TOO_LARGE, BAD_MESSAGE
 */
export async function routeUpstream(request: Request, upstreamUrl: string, edge: Edge): Promise<Response | Request> {
  const { limits } = edge.settings;
  const body = request.method === "POST" ? await readBytes(request, limits.MAX_HTTP_BODY_BYTES) : undefined;
  const payload = await payloadOf(request, body, limits);
  const read = payload && readOperation(payload, httpDocumentLimits(limits));
  const owner = read === undefined ? "gateway" : ownerOf(catalogue.schema, read.document, read.operation);
  switch (owner) {
    case "gateway":
      return body === undefined ? request : unread(request, body);
    case "upstream":
      return noMutationByGet(request, read) ?? forwardUpstream(request, body, upstreamUrl, edge.settings);
    case "both": {
      const message = "One operation asks for fields of the gateway and of the server behind it; send one for each.";
      throw new GatewayError("MIXED_OPERATION", message);
    }
    default:
      return assertNever(owner);
  }
}

/** What a request asks for; undefined when that cannot be read, which the gateway's own doors answer best. */
async function payloadOf(
  request: Request,
  body: Uint8Array<ArrayBuffer> | undefined,
  limits: Limits,
): Promise<SubscribePayload | undefined> {
  try {
    if (body === undefined) return await readGraphqlRequest(request, limits);
    const type = request.headers.get("Content-Type") ?? "";
    if (/^application\/([\w.-]+\+)?json\b/i.test(type)) return parseGraphqlRequest(decodeBody(body), limits);
    if (/^multipart\/form-data\b/i.test(type)) return parseGraphqlRequest(await operationsOf(body, type), limits);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code === "BAD_REQUEST") return undefined;
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
