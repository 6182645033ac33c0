import { GatewayError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Limits } from "../core/limits.ts";
import { readSubscribePayload } from "../core/protocol/codec.ts";
import type { SubscribePayload } from "../core/protocol/messages.ts";
import { assertShallow } from "./assert-shallow.ts";
import type { Edge } from "./edge.ts";
import { readBody } from "./read-body.ts";

/**
 * The operation in a request: in the JSON body of a POST, or in the query of a GET.
 * @throws GatewayError BAD_REQUEST, BAD_MESSAGE, TOO_LARGE, and as of a persisted document
 */
export async function readGraphqlRequest(request: Request, edge: Edge): Promise<SubscribePayload> {
  const { limits } = edge.settings;
  if (request.method === "GET") {
    const { url } = await edge.documents.inUrl(request);
    return checked(fromUrl(new URL(url).searchParams, limits));
  }
  const body = await readBody(request, limits.MAX_HTTP_BODY_BYTES);
  assertShallow(body, limits);
  return parseGraphqlRequest(await edge.documents.inBody(body), limits);
}

/**
 * The operation in JSON text.
 * @throws GatewayError BAD_REQUEST, BAD_MESSAGE
 */
export function parseGraphqlRequest(text: string, limits: Limits): SubscribePayload {
  const body = parseJson(text, limits, "The body");
  if (!isJsonObject(body)) throw bad("The body must be a JSON object.");
  return checked(body);
}

function checked(request: JsonObject): SubscribePayload {
  return readSubscribePayload(request, (detail) => bad(`${detail}.`));
}

function fromUrl(params: URLSearchParams, limits: Limits): JsonObject {
  const json = (name: string) => {
    const text = params.get(name);
    return text === null ? undefined : parseJson(text, limits, name);
  };
  return {
    query: params.get("query") ?? undefined,
    operationName: params.get("operationName") ?? undefined,
    variables: json("variables"),
    extensions: json("extensions"),
  };
}

/**
 * What JSON text of a request says.
 * @throws GatewayError BAD_REQUEST, BAD_MESSAGE
 */
export function parseJson(text: string, limits: Limits, what: string): unknown {
  assertShallow(text, limits);
  try {
    return JSON.parse(text);
  } catch {
    throw bad(`${what} must be JSON.`);
  }
}

function bad(message: string): GatewayError {
  return new GatewayError("BAD_REQUEST", message);
}
