import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { migrate } from "../../durable-objects/storage/migrations.ts";
import { SqliteRecordTimes } from "../../durable-objects/storage/sqlite-record-times.ts";
import { SqliteReplayLog } from "../../durable-objects/storage/sqlite-replay-log.ts";
import { writeMessages } from "../../durable-objects/write-messages.ts";
import type { PublishRequest } from "../../src/core/pubsub/publish-request.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const offsetOf = (position: string | undefined) => Number(position?.split(".")[2]);

describe("the log of a workspace", () => {
  it("[PUB-3] gives every event an offset, and a message the position of its last", async () => {
    const { publish, personEvent } = newWorkspace();
    const batch = personEvent("ada");
    const three = { ...batch, events: [...batch.events, ...batch.events, ...batch.events] };
    const results = await publish(batch, three, batch);
    expect(
      results.map((result) => ("position" in result ? [offsetOf(result.position), result.events] : result)),
    ).toEqual([
      [1, 1],
      [4, 3],
      [5, 1],
    ]);
  });

  it("keeps epoch and offsets across eviction and abort", async () => {
    const workspace = newWorkspace();
    const { publish, personEvent } = workspace;
    await publish(personEvent("ada"));
    const before = await workspace.stub.inspect();
    await evictDurableObject(workspace.stub);
    expect(await workspace.stub.inspect()).toEqual(before);
    await abortAllDurableObjects();
    const [result] = await publish(personEvent("grace"));
    expect(result).toMatchObject({ position: before.position?.replace(/1$/, "2") });
  });

  it("answers a repeated id as before, and refuses the id for another content", async () => {
    const { stub, publish, personEvent, token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    socket.subscribe("1");
    await socket.drain();
    const first = await publish({ ...personEvent("ada"), id: "a" }, { ...personEvent("ada"), id: "a" });
    await evictDurableObject(stub);
    const again = await publish({ ...personEvent("ada"), id: "a" });
    const [original, repeated] = first;
    expect(original).toMatchObject({ id: "a", duplicate: false });
    expect([repeated, again[0]]).toEqual([
      { ...original, duplicate: true },
      { ...original, duplicate: true },
    ]);
    await expect(publish({ ...personEvent("grace"), id: "a" })).rejects.toThrow("ID_REUSED");
    expect(await socket.drain()).toHaveLength(1);
  });

  it("takes the same id in another workspace as another message", async () => {
    const [one, two] = [newWorkspace(), newWorkspace()];
    await one.publish({ ...one.personEvent("ada"), id: "a" });
    expect(await two.publish({ ...two.personEvent("ada"), id: "a" })).toMatchObject([{ duplicate: false }]);
  });

  it("[PUB-10] sends nothing of a message that could not be written, and all of the others, which stay where they are", async () => {
    const { stub, send, publish, personEvent, token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    socket.subscribe("1");
    await publish(personEvent("ada"));
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec(
        "CREATE TRIGGER full BEFORE INSERT ON log WHEN NEW.body LIKE '%grace%' BEGIN SELECT RAISE(ABORT, 'disk full'); END",
      );
    });
    const results = await send(personEvent("alan"), personEvent("grace"), personEvent("barbara"));
    expect(results).toMatchObject([
      { duplicate: false },
      { error: { code: "UNAVAILABLE", retryable: true } },
      { duplicate: false },
    ]);
    const names = (await socket.drain()).map((frame) => JSON.stringify(frame).match(/"name":"(\w+)"/)?.[1]);
    expect(names).toEqual(["ada", "alan", "barbara"]);
    expect(await stub.inspect()).toMatchObject({ log: { rows: 3 } });
  });

  it("creates nothing when a workspace never seen is asked about", async () => {
    const { stub } = newWorkspace();
    expect(await stub.inspect()).toEqual({
      sockets: 0,
      operations: 0,
      ...{ streams: 0, queries: 0, invalidQueries: 0, failedMatches: 0 },
      catchingUp: 0,
      unreadBytes: 0,
      operationsByField: {},
      operationsByDocument: [],
    });
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("writes no row for connecting and subscribing while the state fits the attachment", async () => {
    const { stub, token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    for (let i = 0; i < 20; i++) socket.subscribe(String(i), { recordId: String(i) });
    await socket.drain();
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("erase", () => {
  it("[ADMIN-5] [ADMIN-6] deletes the log, closes every socket, refuses the tokens of before, and begins a new epoch", async () => {
    const { workspaceId, stub, token, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    await publish({ ...personEvent("ada"), id: "a" });
    const { epoch } = await stub.inspect();

    const response = await exports.default.fetch(`http://127.0.0.1/admin/workspaces/${workspaceId}`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` },
    });
    expect(await response.json()).toEqual({ closed: 1 });
    expect(await socket.untilClosed()).toEqual({ code: 4403, reason: "Workspace erased" });
    const after = await stub.inspect();
    expect(after).toMatchObject({ sockets: 0, log: { rows: 0, bytes: 0 } });
    expect(after.epoch).not.toBe(epoch);

    const erasedAt = await runInDurableObject(stub, (_, { storage }) =>
      Number(storage.sql.exec("SELECT issued_until FROM refusals").one()["issued_until"]),
    );
    expect(Math.abs(Date.now() / 1000 - erasedAt)).toBeLessThan(10);
    await evictDurableObject(stub);
    const refused = await WorkerdSocket.open(await token({ now: erasedAt * 1000 }));
    expect(await refused.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    const fresh = await WorkerdSocket.connect(await token({ now: (erasedAt + 1) * 1000 }));
    expect(await publish({ ...personEvent("ada"), id: "a" })).toMatchObject([{ duplicate: false }]);
    expect(await fresh.drain()).toEqual([]);
  });
});

it("[ORDER-1] a message that could not be written supersedes nothing", async () => {
  const { stub } = newWorkspace();
  await runInDurableObject(stub, (_, { storage }) => {
    migrate(storage);
    const { sql } = storage;
    const times = new SqliteRecordTimes(sql);
    const noLimit = Number.MAX_SAFE_INTEGER;
    const retention = { maxAgeMs: noLimit, maxEvents: noLimit, maxBytes: noLimit, idMemoryMs: { direct: 0, queue: 0 } };
    const log = new SqliteReplayLog(sql, retention);
    const toBody = (request: PublishRequest, head: number) => {
      times.note("person", "ada", Number(request.body), head + 1);
      return request.body;
    };
    const publish = (id: string, updatedAt: number) => {
      const request = { id, digest: "", source: "direct", events: 1, body: String(updatedAt) } as const;
      const marking = { toBody, atomically: <Written>(write: () => Written) => storage.transactionSync(write) };
      const { outcomes } = writeMessages([request], 1_000, {
        ...{ positionAt: String, open: () => log, marking },
        onFailure: () => undefined,
      });
      return outcomes.map((outcome) => "error" in outcome);
    };
    expect(publish("a", 1)).toEqual([false]);
    sql.exec("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END");
    expect(publish("b", 3)).toEqual([true]);
    expect(times.newest("person", "ada")).toBe(1);
  });
});

it.each(["bodies", "ids"])("[LOG-4] %s that could not be let go of are let go of by a later trim", async (what) => {
  const { stub } = newWorkspace();
  await runInDurableObject(stub, (_, { storage }) => {
    migrate(storage);
    const { sql } = storage;
    const memory = { direct: what === "ids" ? 0 : 60_000, queue: 60_000 };
    const log = new SqliteReplayLog(sql, { maxAgeMs: 0, maxEvents: 0, maxBytes: 1_000, idMemoryMs: memory });
    for (const id of ["a", "b", "c"]) log.append({ id, digest: "", source: "direct", events: 1, body: id }, 1_000);
    const left = () => sql.exec("SELECT id, body FROM log").toArray();
    const change = what === "ids" ? "DELETE" : "UPDATE";
    sql.exec(`CREATE TRIGGER full BEFORE ${change} ON log BEGIN SELECT RAISE(ABORT, 'full'); END`);
    expect(() => log.trim(2_000, 100)).toThrow("full");
    sql.exec("DROP TRIGGER full");
    log.trim(2_000, 100);
    expect(left()).toEqual(
      what === "ids" ? [{ id: "c", body: null }] : ["a", "b", "c"].map((id) => ({ id, body: null })),
    );
  });
});
