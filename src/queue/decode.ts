import { isJsonObject } from "../core/json.ts";
import { readObject, refuse } from "../core/pubsub/read-field.ts";

/**
 * The message in a queue body: the body itself, or the data of the job that Twenty's queue abstraction makes of it. A
 * message keeps its own id; else it has the job's.
 * @throws GatewayError BAD_MESSAGE for any other job
 */
export function decodeQueueBody(body: unknown): unknown {
  // The event of a queue job has a `job` as well, which is no name but an object.
  if (!isJsonObject(body) || typeof body.job !== "string") return body;
  if (body.job !== "PublishEntityEvents") refuse("job", "PublishEntityEvents");
  const message = readObject(body.data, "data");
  return { ...message, id: message.id ?? body.id };
}
