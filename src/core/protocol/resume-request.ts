import { isJsonObject, type JsonObject } from "../json.ts";
import { type Position, parsePosition } from "../pubsub/position.ts";

/** What a client asked for in `extensions.resume` of its `subscribe`. */
export type ResumeRequest =
  /** Nothing: it is sent no position. */
  | { readonly type: "none" }
  /** To be told positions from now on. */
  | { readonly type: "from-now" }
  /** To get first what it would have got after a position. */
  | { readonly type: "after"; readonly position: Position }
  | { readonly type: "malformed" };

export function parseResumeRequest(extensions: JsonObject | undefined): ResumeRequest {
  const resume = extensions?.["resume"];
  if (resume == null) return { type: "none" };
  if (!isJsonObject(resume)) return { type: "malformed" };
  const { after } = resume;
  if (after == null) return { type: "from-now" };
  const position = typeof after === "string" ? parsePosition(after) : undefined;
  return position === undefined ? { type: "malformed" } : { type: "after", position };
}
