import type { SubscribePayload } from "../src/core/protocol/messages.ts";

/**
 * Whether a request runs a subscription. Looks at the outermost level of the document only, so that no GraphQL parser
 * has to be bundled.
 */
export function isSubscription({ query, operationName }: Pick<SubscribePayload, "query" | "operationName">): boolean {
  let depth = 0;
  for (const [token, word, name] of query.replace(TEXTS, "").matchAll(TOKENS)) {
    if (word === undefined) depth += "{(".includes(token) ? 1 : -1;
    else if (depth === 0 && OPERATIONS.includes(word) && (operationName == null || name === operationName)) {
      return word === "subscription";
    }
  }
  return false;
}

const OPERATIONS = ["query", "mutation", "subscription"];
/** Block strings, strings and comments: what may hold anything. */
const TEXTS = /"""(?:\\"""|[\s\S])*?"""|"(?:\\.|[^"\\\n])*"|#[^\n\r]*/g;
/** Brackets, and words with the names behind them: of an operation, of a fragment, of a type behind `on`. */
const TOKENS = /[{}()]|([@$]?\w+)(?:[\s,\uFEFF]+([_A-Za-z]\w*))?/g;
