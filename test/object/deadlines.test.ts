import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { age } from "./support/age.ts";
import { changeStoredState } from "./support/stored-state.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

describe("the one alarm", () => {
  it("[TOKEN-1] warns 60 s before a token expires, once", async () => {
    const workspace = newWorkspace();
    const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100 }));
    await age(workspace, 45_000);
    await runDurableObjectAlarm(workspace.stub);
    expect(await socket.next()).toEqual({ type: "ping", payload: { tokenExpiresAt: expect.any(Number) } });
    await runDurableObjectAlarm(workspace.stub);
    expect(await socket.drain()).toEqual([]);
  });

  it("[TOKEN-1] is set for the warning at the ack, when that comes before the time for connection_init is over", async () => {
    const workspace = newWorkspace();
    const startedAt = Date.now();
    await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 64 }));
    const alarm = await runInDurableObject(workspace.stub, (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeLessThan(startedAt + 6_000);
  });

  it("[TOKEN-2] warns at once when less than 60 s are left", async () => {
    const { token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token({ expiresInSeconds: 30 }));
    expect(await socket.next()).toEqual({ type: "ping", payload: { tokenExpiresAt: expect.any(Number) } });
  });

  it("[TOKEN-3] closes 4403 at expiry, many sockets in one go, and leaves the others", async () => {
    const workspace = newWorkspace();
    const brief = await Promise.all(
      [1, 2, 3].map(async () => WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100 }))),
    );
    const long = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 1000 }));
    await age(workspace, 101_000);
    await runDurableObjectAlarm(workspace.stub);
    for (const socket of brief) expect(await socket.untilClosed()).toEqual({ code: 4403, reason: "Token expired" });
    // It is too late for a warning.
    expect(brief.flatMap((socket) => socket.take())).toEqual([]);
    expect(await long.drain()).toEqual([]);
  });

  it("[TOKEN-4] sends no data after expiry, even before the alarm went off", async () => {
    const workspace = newWorkspace();
    const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100 }));
    socket.subscribe("1");
    await socket.drain();
    await age(workspace, 101_000);
    await workspace.publish(workspace.personEvent("ada"));
    expect(await socket.untilClosed()).toEqual({ code: 4403, reason: "Token expired" });
    expect(socket.take()).toEqual([]);
  });

  it("[CONN-INIT] is not set for a socket that has not said connection_init yet, which has a timer", async () => {
    const workspace = newWorkspace();
    const alarm = () => runInDurableObject(workspace.stub, (_, { storage }) => storage.getAlarm());
    const socket = await WorkerdSocket.open(await workspace.token());
    expect(await alarm()).toBeNull();
    socket.send({ type: "connection_init" });
    expect(await socket.next()).toEqual({ type: "connection_ack" });
    expect(await alarm()).toEqual(expect.any(Number));
  });

  it("[CONN-INIT] closes a socket after a wake, too, when an eviction took its timer away", async () => {
    const { stub, token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, state) => {
      for (const each of state.getWebSockets()) {
        changeStoredState(
          each,
          (stored) => ({ ...stored, session: { state: "opening", initBy: Date.now() } }),
          () => undefined,
        );
      }
    });
    await stub.inspect();
    expect(await socket.untilClosed()).toEqual({ code: 4408, reason: "Connection initialisation timeout" });
  });

  it("[SILENT-1] asks a socket that was silent for 10 minutes, and closes it 1001 without an answer", async () => {
    const workspace = newWorkspace();
    const longLived = { expiresInSeconds: 100_000 };
    const dead = await WorkerdSocket.connect(await workspace.token(longLived));
    const alive = await WorkerdSocket.connect(await workspace.token(longLived));
    // Silent ones are asked together, at the end of a minute.
    await age(workspace, 661_000);
    await runDurableObjectAlarm(workspace.stub);
    expect([await dead.next(), await alive.next()]).toEqual([{ type: "ping" }, { type: "ping" }]);
    alive.send({ type: "pong" });
    await workspace.stub.inspect();
    await age(workspace, 61_000);
    await runDurableObjectAlarm(workspace.stub);
    expect(await dead.untilClosed()).toEqual({ code: 1001, reason: "No answer to a ping" });
    expect(await alive.drain()).toEqual([]);
  });

  it("[SILENT-2] counts a keep-alive that the platform answered", async () => {
    const workspace = newWorkspace();
    const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100_000 }));
    await age(workspace, 601_000);
    socket.send('{"type":"ping"}');
    expect(await socket.next()).toEqual({ type: "pong" });
    await runDurableObjectAlarm(workspace.stub);
    expect(await socket.drain()).toEqual([]);
  });

  it("is set to the earliest deadline, and to none when no socket is left", async () => {
    const { stub, token } = newWorkspace();
    const alarm = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    const long = await WorkerdSocket.connect(await token({ expiresInSeconds: 10_000 }));
    const late = (await alarm()) ?? 0;
    const brief = await WorkerdSocket.connect(await token({ expiresInSeconds: 100 }));
    const early = await alarm();
    expect(early).toBeLessThan(late);
    brief.close();
    await brief.untilClosed();
    expect(await alarm()).toBe(early);
    await runDurableObjectAlarm(stub);
    expect(await alarm()).toBe(late);
    long.close();
    await long.untilClosed();
    await runDurableObjectAlarm(stub);
    expect(await alarm()).toBeNull();
  });
});
