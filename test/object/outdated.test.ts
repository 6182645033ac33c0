import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { Attachment } from "../../durable-objects/attachment.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

async function rewriteAttachments({ stub }: Workspace, change: (attachment: Attachment) => unknown): Promise<void> {
  await evictDurableObject(stub);
  await runInDurableObject(stub, (_, state) => {
    for (const socket of state.getWebSockets())
      socket.serializeAttachment(change(socket.deserializeAttachment() as Attachment));
  });
  await evictDurableObject(stub);
}

it("[OUTDATED-1] ends a stored operation that no longer holds with OPERATION_OUTDATED, and wakes all the same", async () => {
  const workspace = newWorkspace();
  const socket = await WorkerdSocket.connect(await workspace.token());
  socket.subscribe("old");
  await socket.drain();
  const healthy = await WorkerdSocket.connect(await workspace.token());
  healthy.subscribe("1", { recordId: "person-ada" });
  await healthy.drain();
  await rewriteAttachments(workspace, (attachment) => ({
    ...attachment,
    texts: attachment.texts.map((text) =>
      attachment.texts.includes("old") && text.includes("onDbEvent") ? "subscription { gone }" : text,
    ),
  }));

  await workspace.publish(workspace.personEvent("ada"));
  expect(await socket.next()).toMatchObject({
    id: "old",
    type: "error",
    payload: [{ extensions: { code: "OPERATION_OUTDATED" } }],
  });
  expect(await healthy.next()).toMatchObject({ id: "1", type: "next" });
  socket.subscribe("old");
  await socket.drain();
  await evictDurableObject(workspace.stub);
  await workspace.publish(workspace.personEvent("ada"));
  expect(await socket.drain()).toMatchObject([{ id: "old", type: "next" }]);
});

it("[OUTDATED-2] closes a socket 1012 whose stored state is of another version", async () => {
  const workspace = newWorkspace();
  const socket = await WorkerdSocket.connect(await workspace.token());
  await rewriteAttachments(workspace, (attachment) => ({ ...attachment, version: 999 }));
  await workspace.publish(workspace.personEvent("ada"));
  expect(await socket.untilClosed()).toEqual({ code: 1012, reason: "Service restart" });
});
