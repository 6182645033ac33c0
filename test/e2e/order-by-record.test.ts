import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { ON_DB_EVENT, recordNames } from "./events.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway({ ORDER_BY_RECORD: "on" });
});
afterAll(() => gateway.stop());

test("[ORDER-1] an update that comes after a newer one is logged, and delivered to nobody, live or replayed", async () => {
  const workspaceId = crypto.randomUUID();
  const updated = (name: string, second: number) => {
    const after = { id: "1", name, updatedAt: `2026-01-01T00:00:0${second}Z` };
    return { name: "person.updated", workspaceId, events: [{ recordId: "1", properties: { after } }] };
  };
  const subscribe = (resume: object) => ({
    type: "subscribe",
    id: "1",
    payload: { query: ON_DB_EVENT, variables: { input: {} }, extensions: { resume } },
  });
  const { results } = await gateway.publish(updated("first", 1));
  const [first] = results;
  const live = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
  live.send(subscribe({}));
  await live.drain();
  await gateway.publish(updated("third", 3));
  await gateway.publish(updated("late", 2), updated("fourth", 4));
  const named = (frames: readonly object[]) => recordNames(frames).filter((name) => name !== undefined);
  expect(named(await live.drain())).toEqual(["third", "fourth"]);
  const resumed = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
  resumed.send(subscribe({ after: first && "position" in first ? first.position : "" }));
  expect(named(await resumed.drain())).toEqual(["third", "fourth"]);
});
