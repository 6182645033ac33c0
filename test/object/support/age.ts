import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { changeStoredState } from "./stored-state.ts";
import type { newWorkspace } from "./workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

/** Puts every socket of an evicted object into the past, as if the time had gone by in hibernation. */
export async function age({ stub }: Workspace, byMs: number): Promise<void> {
  await evictDurableObject(stub);
  await runInDurableObject(stub, (_, state) => {
    for (const socket of state.getWebSockets()) {
      changeStoredState(socket, (stored) => {
        const { session, principal, seenAt, answerBy, askedAt = 0 } = stored;
        return {
          ...stored,
          seenAt: seenAt - byMs,
          session: session.state === "opening" ? { ...session, initBy: session.initBy - byMs } : session,
          principal: { ...principal, expiresAt: principal.expiresAt - byMs / 1000 },
          ...(answerBy !== undefined && { answerBy: answerBy - byMs, askedAt: askedAt - byMs }),
        };
      });
    }
  });
}
