import type { Principal } from "../src/core/principal.ts";

export const SUBPROTOCOL_HEADER = "Sec-WebSocket-Protocol";
const PRINCIPAL_HEADER = "X-Sluice-Principal";

/** An upgrade as the edge hands it to a workspace's object. */
export interface UpgradeRequest {
  readonly principal: Principal;
  /** The dialect that was agreed on with the client. */
  readonly subprotocol: string;
}

/**
 * Builds the request to the object afresh: no header of a client reaches it, so none can pretend to be the edge.
 * The host only fills the place of one.
 */
export function writeUpgrade({ principal, subprotocol }: UpgradeRequest): Request {
  return new Request("https://workspace/", {
    headers: {
      Upgrade: "websocket",
      [SUBPROTOCOL_HEADER]: subprotocol,
      [PRINCIPAL_HEADER]: encodeURIComponent(JSON.stringify(principal)),
    },
  });
}

/** Reads what `writeUpgrade` wrote. Only the edge can reach the object, so the principal is what it verified. */
export function readUpgrade({ headers }: Request): UpgradeRequest {
  const principal = headers.get(PRINCIPAL_HEADER);
  const subprotocol = headers.get(SUBPROTOCOL_HEADER);
  if (principal === null || subprotocol === null)
    throw new TypeError("The object of a workspace takes upgrades of the edge only.");
  return { principal: JSON.parse(decodeURIComponent(principal)) as Principal, subprotocol };
}
