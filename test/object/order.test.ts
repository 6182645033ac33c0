import { expect, it } from "vitest";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

interface NextFrame {
  readonly id: string;
  readonly payload: { readonly data: { readonly onDbEvent: { readonly record: { readonly name: string } } } };
}

const offsetOf = (position: string) => Number(position.split(".")[2]);

it("[OP-12] every event makes one next per operation, in the order of the log, which is the same for everybody", async () => {
  const { token, publish, personEvent } = newWorkspace();
  const sockets = await Promise.all([1, 2, 3].map(async () => WorkerdSocket.connect(await token())));
  for (const socket of sockets) {
    socket.subscribe("all");
    socket.subscribe("updates", { action: "UPDATED" });
    await socket.drain();
  }
  const names = Array.from({ length: 60 }, (_, i) => String(i));
  const calls = await Promise.all(
    [0, 20, 40].map((from) => publish(...names.slice(from, from + 20).map((name) => personEvent(name)))),
  );
  const offsets = calls.flat().map((result) => ("position" in result ? offsetOf(result.position) : 0));
  const inLog = names.toSorted((a, b) => (offsets[Number(a)] ?? 0) - (offsets[Number(b)] ?? 0));

  for (const socket of sockets) {
    const frames = (await socket.drain()) as NextFrame[];
    for (const id of ["all", "updates"]) {
      const own = frames.filter((frame) => frame.id === id).map(({ payload }) => payload.data.onDbEvent.record.name);
      expect(own).toEqual(inLog);
    }
  }
});

it("[OP-5] what is wrong with one operation ends it alone, by an error with a code and without complete", async () => {
  const { token, publish, personEvent } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.subscribe("good");
  socket.send({ type: "subscribe", id: "bad", payload: { query: "subscription { nothing }" } });
  const errors = [{ message: expect.any(String), extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }];
  expect(await socket.drain()).toMatchObject([{ id: "bad", type: "error", payload: errors }]);
  socket.subscribe("bad");
  await publish(personEvent("ada"));
  expect(((await socket.drain()) as NextFrame[]).map(({ id }) => id)).toEqual(["good", "bad"]);
});
