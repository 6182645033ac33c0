import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { WorkerdSocket } from "../support/workerd-socket.ts";
import { newWorkspace } from "../support/workspace.ts";

it("lets nobody sleep where the platform gives no version", async () => {
  const workspace = newWorkspace();
  const socket = await WorkerdSocket.connect(await workspace.token());
  socket.subscribe("1", { recordId: "person-ada" });
  await socket.drain();
  await evictDurableObject(workspace.stub);
  const attachments = await runInDurableObject(workspace.stub, (_, state) =>
    state.getWebSockets().map((each) => each.deserializeAttachment() as object),
  );
  expect(attachments).toHaveLength(1);
  expect(attachments[0]).not.toHaveProperty("sleep");
  await workspace.publish(workspace.personEvent("ben"), workspace.personEvent("ada"));
  expect(await socket.drain()).toMatchObject([{ id: "1", type: "next" }]);
});
