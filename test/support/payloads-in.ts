import type { Payload } from "../../src/core/operation/subscription-groups.ts";

/** The payloads of the `next` messages whose tails these are, parsed. */
export function payloadsIn({ tails }: Pick<Payload, "tails">) {
  return tails.map((tail) => JSON.parse(tail.slice(0, -1)));
}
