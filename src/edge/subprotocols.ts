import { BEARER_ITEM_PREFIX } from "../auth/token-sources.ts";
import { LEGACY_SUBPROTOCOL } from "../core/protocol/legacy-dialect.ts";
import { SUBPROTOCOLS } from "../core/protocol/subprotocols.ts";

/** Every dialect of GraphQL over WebSocket that a client may speak here, best first. */
const SPOKEN = [...SUBPROTOCOLS, LEGACY_SUBPROTOCOL] as const;
export type SpokenSubprotocol = (typeof SPOKEN)[number];

/** What came of the dialects that a client offered. */
export type Negotiation =
  | { readonly subprotocol: SpokenSubprotocol }
  /** None is spoken here. `echo` is what to select all the same, because no client would see a close otherwise. */
  | { readonly subprotocol: undefined; readonly echo: string | undefined };

/** Picks the best dialect among those offered in `Sec-WebSocket-Protocol`. A token among them is never picked. */
export function negotiateSubprotocol(header: string | null): Negotiation {
  const offered = (header ?? "").split(",").map((item) => item.trim());
  const subprotocol = SPOKEN.find((spoken) => offered.includes(spoken));
  if (subprotocol !== undefined) return { subprotocol };
  return { subprotocol, echo: offered.find((item) => item !== "" && !item.startsWith(BEARER_ITEM_PREFIX)) };
}
