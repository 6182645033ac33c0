import { evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

it("delivers an event to whoever asked for it, and to nobody else", async () => {
  const { token, publish, personEvent } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.subscribe("all");
  socket.subscribe("ada", { recordId: "person-ada" });
  socket.subscribe("companies", { objectNameSingular: "company" });
  await socket.drain();

  await publish(personEvent("ada"), personEvent("grace"));
  const frames = await socket.drain();
  expect(frames.map((frame) => (frame as { id: string }).id)).toEqual(["ada", "all", "all"]);
  expect(frames.at(1)).toEqual({
    id: "all",
    type: "next",
    payload: {
      data: {
        onDbEvent: {
          action: "UPDATED",
          objectNameSingular: "person",
          record: { id: "person-ada", name: "ada" },
          updatedFields: ["name"],
        },
      },
    },
  });
});

it("delivers to a hibernated socket as if it had never slept", async () => {
  const { stub, token, publish, personEvent } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.subscribe("1");
  await socket.drain();
  await evictDurableObject(stub);
  await publish(personEvent("ada"));
  expect(await socket.next()).toMatchObject({ id: "1", type: "next" });
});
