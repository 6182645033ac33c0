import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type PositionFrame = { readonly payload: { readonly position: { readonly id: string; readonly position: string } } };

const A_THOUSAND = Array.from({ length: 1000 }, (_, i) => ({
  recordId: String(i),
  properties: { after: { id: String(i) } },
}));

/** As if so much time had passed since the last report. */
async function ageReport(stub: ReturnType<typeof newWorkspace>["stub"], byMs: number): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    const { value } = storage.sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = 'position-report'").one();
    const report = JSON.parse(value);
    storage.sql.exec(
      "UPDATE meta SET value = ? WHERE key = 'position-report'",
      JSON.stringify({ ...report, at: report.at - byMs }),
    );
  });
  await evictDurableObject(stub);
}

it("[QUIET-1] tells a subscription that receives nothing how far the log has come, before a quarter of the retention has passed", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent, workspaceId } = workspace;
  const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100_000 }));
  socket.send({
    type: "subscribe",
    id: "quiet",
    payload: {
      query: ON_DB_EVENT,
      variables: { input: { objectNameSingular: "company" } },
      extensions: { resume: {} },
    },
  });
  await socket.drain();
  await publish(personEvent("first"));
  const busy = () => publish({ name: "person.created", workspaceId, events: A_THOUSAND });
  await busy();
  await busy();
  // Much has happened, but nothing of it is old.
  expect(await socket.drain()).toEqual([]);
  await ageReport(workspace.stub, 76_000);
  await busy();
  const [frame] = (await socket.drain()) as PositionFrame[];
  expect(frame?.payload.position.id).toBe("quiet");
  expect(frame?.payload.position.position).toMatch(/\.3001$/);
});

it("[QUIET-1] tells it after a burst too, which nothing may follow until all of it is old", async () => {
  const { token, publish, workspaceId } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.send(subscribeToCompanies({}));
  await socket.drain();
  for (let i = 0; i < 12; i++) await publish({ name: "person.created", workspaceId, events: A_THOUSAND });
  const told = (await socket.drain()) as PositionFrame[];
  // The first publish began the count.
  expect(told.map(({ payload }) => payload.position.position.split(".")[2])).toEqual(["6000", "11000"]);
});

it("[QUIET-1] tells it with the next publish where storage refused to note that it did", async () => {
  const { stub, token, publish, workspaceId } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.send(subscribeToCompanies({}));
  await socket.drain();
  const busy = () => publish({ name: "person.created", workspaceId, events: A_THOUSAND });
  for (let i = 0; i < 5; i++) await busy();
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec("CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'full'); END");
  });
  await busy();
  await runInDurableObject(stub, (_, { storage }) => storage.sql.exec("DROP TRIGGER full"));
  await busy();
  const told = (await socket.drain()) as PositionFrame[];
  expect(told.map(({ payload }) => payload.position.position.split(".")[2])).toEqual(["7000"]);
});

it("[QUIET-1] tells one that has just begun as well, because the next publish may be as large as the log", async () => {
  const workspace = newWorkspace();
  const { publish, workspaceId } = workspace;
  const busy = () => publish({ name: "person.created", workspaceId, events: A_THOUSAND });
  await busy();
  await busy();
  const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100_000 }));
  socket.send(subscribeToCompanies({}));
  await socket.drain();
  await ageReport(workspace.stub, 76_000);
  await busy();
  expect(((await socket.drain()) as PositionFrame[]).map(({ payload }) => payload.position.id)).toEqual(["quiet"]);
});

const subscribeToCompanies = (resume: object) => ({
  type: "subscribe",
  id: "quiet",
  payload: {
    query: ON_DB_EVENT,
    variables: { input: { objectNameSingular: "company" } },
    extensions: { resume },
  },
});

it("[RESUME-3] a subscription that is dropped before its first event has lost nothing", async () => {
  const { token, publish, personEvent } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  socket.send(subscribeToCompanies({}));
  const live = (await socket.next()) as PositionFrame;
  socket.close();
  await publish(personEvent("acme", { name: "company.updated" }));
  const again = await WorkerdSocket.connect(await token());
  again.send(subscribeToCompanies({ after: live.payload.position.position }));
  expect(await again.drain()).toMatchObject([
    { type: "next", id: "quiet" },
    { type: "ping", payload: { position: {} } },
  ]);
});

it("[QUIET-1] one that is dropped after a quiet hour in a busy workspace has lost nothing, and is told no gap", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent, workspaceId } = workspace;
  const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100_000 }));
  socket.send(subscribeToCompanies({}));
  const told = [await socket.next()] as PositionFrame[];
  for (let i = 0; i < 50; i++) {
    await publish({ name: "person.created", workspaceId, events: A_THOUSAND });
    // 50 times 72 s are an hour.
    await runInDurableObject(workspace.stub, (_, { storage }) => storage.sql.exec("UPDATE log SET at = at - 72000"));
    await ageReport(workspace.stub, 72_000);
    told.push(...((await socket.drain()) as PositionFrame[]));
  }
  socket.close();
  await publish(personEvent("acme", { name: "company.updated" }));
  const { log } = await workspace.stub.inspect();
  // The log has long let go of the beginning.
  expect(Number(log?.from.split(".")[2])).toBeGreaterThan(30_000);

  const again = await WorkerdSocket.connect(await workspace.token());
  again.send(subscribeToCompanies({ after: told.at(-1)?.payload.position.position }));
  const frames = await again.drain();
  console.info(
    `50,000 events in an hour that do not match: ${told.length} positions told, then ${JSON.stringify(frames.at(0)).slice(0, 40)}…`,
  );
  expect(frames).toMatchObject([
    { type: "next", id: "quiet" },
    { type: "ping", payload: { position: {} } },
  ]);
});
