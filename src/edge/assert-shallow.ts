import { GatewayError } from "../core/errors.ts";
import { isJsonTooDeep } from "../core/json.ts";
import type { Limits } from "../core/limits.ts";

/**
 * Looks at JSON before it is parsed, as parsing recurses.
 * @throws GatewayError BAD_MESSAGE
 */
export function assertShallow(text: string, { MAX_JSON_DEPTH: maxDepth }: Limits): void {
  if (isJsonTooDeep(text, maxDepth)) throw new GatewayError("BAD_MESSAGE", `JSON may nest ${maxDepth} levels.`);
}
