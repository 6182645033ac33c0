import { messageOf } from "../src/core/errors.ts";

/**
 * Clears away what a socket that ends, or has ended while the object slept, has in storage. The next wake does it where
 * this fails: the socket ends all the same, so do those after it, and a wake goes on.
 */
export function clearAway(workspaceId: string, clear: () => void): void {
  try {
    clear();
  } catch (thrown) {
    console.error({ message: "What a socket had could not be cleared away", workspaceId, error: messageOf(thrown) });
  }
}
