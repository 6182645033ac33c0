import { GatewayError } from "../core/errors.ts";
import { isJsonObject, isJsonTooDeep } from "../core/json.ts";
import { parsePlainJson } from "../core/plain-json.ts";
import { publishMessages } from "../publish/publish-messages.ts";
import { type Edge, workspaceOf } from "./edge.ts";
import { publishResponse } from "./publish-response.ts";
import { readBody } from "./read-body.ts";
import { requireSecret } from "./require-secret.ts";

/** Publishing over HTTP: `{"messages":[…]}` from a publisher that knows the secret. */
export async function publishOverHttp(request: Request, edge: Edge): Promise<Response> {
  const { settings, env } = edge;
  requireSecret(request, settings.publisherSecrets, "PUBLISHER_SECRETS");
  const text = await readBody(request, settings.limits.MAX_PUBLISH_BYTES);
  const body = parseBody(text, settings.limits.MAX_JSON_DEPTH);
  const door = {
    settings,
    source: "direct",
    parsedUnits: text.length,
    workspaceOf: (workspaceId: string) => workspaceOf(env, workspaceId),
  } as const;
  return publishResponse(await publishMessages(body.messages, door));
}

/** The envelope around a message: so each message may nest as deep here as at the other doors. */
const ENVELOPE_DEPTH = 2;

function parseBody(text: string, maxDepth: number): { messages: unknown } {
  if (isJsonTooDeep(text, maxDepth + ENVELOPE_DEPTH))
    throw new GatewayError("BAD_MESSAGE", `JSON may nest ${maxDepth} levels.`);
  let body: unknown;
  try {
    body = parsePlainJson(text);
  } catch {
    throw new GatewayError("BAD_MESSAGE", "The body must be JSON.");
  }
  if (!isJsonObject(body) || !Array.isArray(body["messages"])) {
    throw new GatewayError("BAD_MESSAGE", 'The body must be {"messages":[…]}.');
  }
  return { messages: body["messages"] };
}
