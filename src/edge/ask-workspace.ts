import { GatewayError, messageOf } from "../core/errors.ts";
import { type Edge, type WorkspaceStub, workspaceOf } from "./edge.ts";

/**
 * Asks the object of a workspace by RPC. A deploy resets objects that are busy, and a flood makes one refuse, so that a
 * call may fail without a fault of anybody.
 * @throws GatewayError UNAVAILABLE when it does
 */
export async function askWorkspace<Answer>(
  { env }: Pick<Edge, "env">,
  workspaceId: string,
  ask: (workspace: WorkspaceStub) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(workspaceOf(env, workspaceId));
  } catch (thrown) {
    console.warn({ message: "A workspace could not be asked", workspaceId, error: messageOf(thrown) });
    throw new GatewayError("UNAVAILABLE", "The workspace does not answer; the request may be repeated.");
  }
}
