import { messageOf } from "../src/core/errors.ts";
import type { Connection } from "./connection.ts";

/**
 * Clears away what a socket that ends has in storage. The next wake does it where this fails: the socket ends all the
 * same, and so do those after it.
 */
export function clearAway({ state }: Connection, clear: () => void): void {
  try {
    clear();
  } catch (thrown) {
    const { workspaceId } = state.principal;
    console.error({ message: "What a socket had could not be cleared away", workspaceId, error: messageOf(thrown) });
  }
}
