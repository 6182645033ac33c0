import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { Attachment } from "../../../durable-objects/attachment.ts";
import type { newWorkspace } from "./workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

/** Puts every socket of an evicted object into the past, as if the time had gone by in hibernation. */
export async function age({ stub }: Workspace, byMs: number): Promise<void> {
  await evictDurableObject(stub);
  await runInDurableObject(stub, (_, state) => {
    for (const socket of state.getWebSockets()) {
      const attachment = socket.deserializeAttachment() as Attachment | null;
      if (attachment === null) continue;
      const { session, principal, answerBy } = attachment;
      socket.serializeAttachment({
        ...attachment,
        seenAt: attachment.seenAt - byMs,
        session: session.state === "opening" ? { ...session, initBy: session.initBy - byMs } : session,
        principal: { ...principal, expiresAt: principal.expiresAt - byMs / 1000 },
        ...(answerBy !== undefined && { answerBy: answerBy - byMs, askedAt: (attachment.askedAt ?? 0) - byMs }),
      });
    }
  });
}
