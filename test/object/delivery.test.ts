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

it("[OP-4] gives sockets with the same id what each asked for, whether or not they asked for the same", async () => {
  const { token, publish, personEvent } = newWorkspace();
  const sockets: WorkerdSocket[] = [];
  for (const recordId of [undefined, undefined, "person-ada", "person-ada", "person-grace", undefined]) {
    const socket = await WorkerdSocket.connect(await token());
    socket.subscribe("1", recordId === undefined ? {} : { recordId });
    await socket.drain();
    sockets.push(socket);
  }
  const [first] = sockets;
  first?.subscribe("2");
  await first?.drain();

  await publish(personEvent("ada"), personEvent("grace"));
  const named = async (socket: WorkerdSocket) =>
    (await socket.drain()).map((frame) => {
      const { id, payload } = frame as { id: string; payload: { data: { onDbEvent: { record: { name: string } } } } };
      return `${id} ${payload.data.onDbEvent.record.name}`;
    });
  expect((await named(sockets[0] as WorkerdSocket)).sort()).toEqual(["1 ada", "1 grace", "2 ada", "2 grace"]);
  const others = await Promise.all(sockets.slice(1).map(named));
  expect(others).toEqual([["1 ada", "1 grace"], ["1 ada"], ["1 ada"], ["1 grace"], ["1 ada", "1 grace"]]);
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
