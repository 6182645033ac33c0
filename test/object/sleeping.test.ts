import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { type Attachment, unpackAttachment } from "../../durable-objects/attachment.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { parseSnapshot } from "../../src/core/permissions/parse-snapshot.ts";
import { parseRevocation } from "../../src/core/revocation.ts";
import { age } from "./support/age.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

const [ADA, BEN] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"] as const;
const STREAM = `subscription { onEventSubscription(eventStreamId: "s") { eventStreamId } }`;
const LOGS = "subscription { eventLogsLive(table: WORKSPACE_EVENT) { event } }";

/** Two of these are more than an attachment holds. */
const large = (i: number) => ({ recordId: `${i}`.repeat(6_000) });

async function watch(workspace: Workspace, name: string, options: object = {}): Promise<WorkerdSocket> {
  const socket = await WorkerdSocket.connect(await workspace.token(options));
  socket.subscribe("1", { recordId: `person-${name}` });
  await socket.drain();
  return socket;
}

/** Wakes the object for an event that nobody watches: whoever may sleep is left asleep. */
async function wakeForNobody(workspace: Workspace): Promise<void> {
  await workspace.publish(workspace.personEvent("nobody", { name: "company.updated" }));
}

async function sleep(workspace: Workspace): Promise<void> {
  await evictDurableObject(workspace.stub);
  await wakeForNobody(workspace);
}

/** Evicts the object and changes what its sockets have written down, those of an operation with this text in its variables. */
async function rewrite(
  { stub }: Workspace,
  variables: string,
  change: (attachment: Attachment) => object,
): Promise<void> {
  // It may not be there.
  await evictDurableObject(stub).catch(() => undefined);
  await runInDurableObject(stub, (_, state) => {
    for (const socket of state.getWebSockets()) {
      const attachment = socket.deserializeAttachment() as Attachment;
      if (attachment.texts.some((text) => text.includes(variables))) socket.serializeAttachment(change(attachment));
    }
  });
  await evictDurableObject(stub);
}

/** Tells on a socket that is taken up: its operation ends. */
const outdated = (attachment: Attachment) => ({
  ...attachment,
  texts: attachment.texts.map((text) => (text.includes("onDbEvent") ? "subscription { gone }" : text)),
});
const OUTDATED = { id: "1", type: "error", payload: [{ extensions: { code: "OPERATION_OUTDATED" } }] };

/** What every socket has written down for the next wake. */
function sleepsOf({ stub }: Workspace): Promise<Attachment["sleep"][]> {
  return runInDurableObject(stub, (_, state) =>
    state.getWebSockets().map((socket) => (socket.deserializeAttachment() as Attachment).sleep),
  );
}

const nextOf = (id: string) => ({ id, type: "next" });
const typesOf = (frames: unknown[]) => frames.map((frame) => (frame as { type: string }).type);

describe("a wake", () => {
  it("takes up for an event whoever wants it, and lets the others sleep on until something is for them", async () => {
    const workspace = newWorkspace();
    const [ada, ben] = [await watch(workspace, "ada"), await watch(workspace, "ben")];
    const all = await WorkerdSocket.connect(await workspace.token());
    all.subscribe("all");
    await all.drain();
    await rewrite(workspace, "person-ben", outdated);

    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.next(), await all.next()]).toMatchObject([nextOf("1"), nextOf("all")]);
    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.drain(), await all.drain()]).toMatchObject([[nextOf("1")], [nextOf("all")]]);
    expect(ben.take()).toEqual([]);
    await workspace.publish(workspace.personEvent("ben"));
    expect(await ben.next()).toMatchObject(OUTDATED);
    expect([await ada.drain(), await all.drain()]).toMatchObject([[], [nextOf("all")]]);
  });

  it("gives each of a message's events to whoever wants it, once and in order", async () => {
    const workspace = newWorkspace();
    const sockets = [await watch(workspace, "ada"), await watch(workspace, "ben"), await watch(workspace, "ada")];
    sockets[1]?.subscribe("2", { objectNameSingular: "person" });
    await sockets[1]?.drain();
    await evictDurableObject(workspace.stub);
    const events = ["ada", "cy", "ben", "ada"].flatMap((name) => workspace.personEvent(name).events);
    await workspace.publish({ ...workspace.personEvent("all"), events });
    const names = async (socket: WorkerdSocket) =>
      (await socket.drain()).map((frame) => {
        const { id, payload } = frame as { id: string; payload: { data: { onDbEvent: { record: { name: string } } } } };
        return `${id} ${payload.data.onDbEvent.record.name}`;
      });
    const told = await Promise.all(sockets.map(names));
    expect([told[0], told[2]]).toEqual([
      ["1 ada", "1 ada"],
      ["1 ada", "1 ada"],
    ]);
    const ofBoth = (id: string) => told[1]?.filter((line) => line.startsWith(id));
    expect([ofBoth("1"), ofBoth("2")]).toEqual([["1 ben"], ["2 ada", "2 cy", "2 ben", "2 ada"]]);
  });

  it("takes everybody up by whom another version has written, and believes itself from then on", async () => {
    const workspace = newWorkspace();
    const [ada, ben] = [await watch(workspace, "ada"), await watch(workspace, "ben")];
    const before = await sleepsOf(workspace);
    const ofAnother = (attachment: Attachment) => ({ ...attachment, sleep: { version: "another", wants: [] } });
    await rewrite(workspace, "person-ben", (attachment) => ofAnother(outdated(attachment) as Attachment));
    await rewrite(workspace, "person-ada", ofAnother);

    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.next(), await ben.next()]).toMatchObject([nextOf("1"), OUTDATED]);
    // The platform lists the newest first.
    const [ofBen, ofAda] = await sleepsOf(workspace);
    expect([ofBen, ofAda]).toEqual([{ ...before[0], wants: [] }, before[1]]);
  });

  it("takes everybody up who has written nothing of the kind", async () => {
    const workspace = newWorkspace();
    const ben = await watch(workspace, "ben");
    await rewrite(workspace, "person-ben", (attachment) => {
      const { sleep: _, ...rest } = outdated(attachment) as Attachment;
      return rest;
    });
    await workspace.publish(workspace.personEvent("ada"));
    expect(await ben.next()).toMatchObject(OUTDATED);
  });

  it.each<[string, number | undefined, (socket: WorkerdSocket) => void]>([
    ["nothing", 0, () => undefined],
    ["an operation", 1, (socket) => socket.subscribe("1")],
    [
      "logs, and two records",
      3,
      (socket) => {
        socket.subscribe("1", {}, LOGS);
        for (const id of ["2", "3"]) socket.subscribe(id, { recordId: id });
      },
    ],
    ["an event stream", undefined, (socket) => socket.subscribe("1", {}, STREAM)],
    [
      "an event stream and an operation",
      undefined,
      (socket) => {
        socket.subscribe("1", {}, STREAM);
        socket.subscribe("2");
      },
    ],
    [
      "more than an attachment holds",
      undefined,
      (socket) => {
        for (let i = 0; i < 4; i++) socket.subscribe(`${i}`, large(i));
      },
    ],
  ])("lets a client sleep that runs %s, or not: %s", async (_, wants, open) => {
    const workspace = newWorkspace();
    const socket = await WorkerdSocket.connect(await workspace.token());
    open(socket);
    await socket.drain();
    expect((await sleepsOf(workspace)).map((sleep) => sleep?.wants.length)).toEqual([wants]);
  });

  it.each([
    ["for an event that it wants", ({ sleep }: Attachment) => sleep],
    ["by a wake that takes it up at once", () => undefined],
  ])("closes a socket whose state cannot be read 1012, %s, and no other", async (_, sleepOf) => {
    const workspace = newWorkspace();
    const [ada, ben] = [await watch(workspace, "ada"), await watch(workspace, "ben")];
    await rewrite(workspace, "person-ada", (attachment) => ({ ...attachment, state: "{", sleep: sleepOf(attachment) }));
    await workspace.publish(workspace.personEvent("ada"));
    await workspace.publish(workspace.personEvent("ben"));
    expect(await ada.untilClosed()).toMatchObject({ code: 1012 });
    expect(await ben.next()).toMatchObject(nextOf("1"));
  });

  it("leaves no server asleep", async () => {
    const workspace = newWorkspace();
    const server = await WorkerdSocket.connectServer(workspace.workspaceId);
    server.subscribeChannel("1", "notes");
    await server.drain();
    expect(await sleepsOf(workspace)).toEqual([undefined]);
  });

  it("lets a socket sleep again that has caught up, and one whose large operations have ended", async () => {
    const workspace = newWorkspace();
    const [published] = await workspace.publish(workspace.personEvent("ada"));
    await workspace.publish(workspace.personEvent("ben"));
    const socket = await WorkerdSocket.connect(await workspace.token());
    const query = "subscription { onDbEvent(input: {}) { action } }";
    const after = published && "position" in published ? published.position : "";
    socket.send({ type: "subscribe", id: "r", payload: { query, extensions: { resume: { after } } } });
    expect(typesOf(await socket.drain())).toEqual(["next", "ping"]);
    for (let i = 0; i < 4; i++) socket.subscribe(`${i}`, large(i));
    await socket.drain();
    expect(await sleepsOf(workspace)).toEqual([undefined]);
    for (let i = 0; i < 4; i++) socket.send({ type: "complete", id: `${i}` });
    await socket.drain();
    expect((await sleepsOf(workspace))[0]?.wants).toHaveLength(1);
    await evictDurableObject(workspace.stub);
    await workspace.publish(workspace.personEvent("cy"));
    expect(await socket.drain()).toMatchObject([nextOf("r")]);
  });
});

describe("one that sleeps", () => {
  it("ends an operation, and no other of its own", async () => {
    const workspace = newWorkspace();
    const ada = await watch(workspace, "ada");
    ada.subscribe("2", { objectNameSingular: "person" });
    await ada.drain();
    await sleep(workspace);
    ada.send({ type: "complete", id: "1" });
    await workspace.publish(workspace.personEvent("ada"));
    expect(await ada.drain()).toMatchObject([nextOf("2")]);
  });

  it("[OP-2] is closed 4409 for an id that it uses", async () => {
    const workspace = newWorkspace();
    const ada = await watch(workspace, "ada");
    await sleep(workspace);
    ada.subscribe("1");
    expect(await ada.untilClosed()).toMatchObject({ code: 4409 });
  });

  it("shares the execution of one that subscribes to the same: each is told once", async () => {
    const workspace = newWorkspace();
    const ada = await watch(workspace, "ada");
    const other = await WorkerdSocket.connect(await workspace.token());
    await sleep(workspace);
    other.subscribe("9", { recordId: "person-ada" });
    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.drain(), await other.drain()]).toMatchObject([[nextOf("1")], [nextOf("9")]]);
  });

  it("joins one that was woken by a frame: each is told once", async () => {
    const workspace = newWorkspace();
    const [ada, other] = [await watch(workspace, "ada"), await watch(workspace, "ada")];
    await sleep(workspace);
    await other.drain();
    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.drain(), await other.drain()]).toMatchObject([[nextOf("1")], [nextOf("1")]]);
  });

  it("takes a newer token, and hears on", async () => {
    const workspace = newWorkspace();
    const ada = await watch(workspace, "ada", { expiresInSeconds: 100 });
    await sleep(workspace);
    ada.send({ type: "ping", payload: { accessToken: await workspace.token({ expiresInSeconds: 2_000 }) } });
    expect(await ada.next()).toMatchObject({ type: "pong" });
    await sleep(workspace);
    await workspace.publish(workspace.personEvent("ada"));
    expect(await ada.drain()).toMatchObject([nextOf("1")]);
  });

  it("gets nothing once its token has expired", async () => {
    const workspace = newWorkspace();
    const ada = await watch(workspace, "ada", { expiresInSeconds: 100 });
    await age(workspace, 101_000);
    await wakeForNobody(workspace);
    await workspace.publish(workspace.personEvent("ada"));
    expect(await ada.untilClosed()).toMatchObject({ code: 4403, reason: "Token expired" });
    expect(typesOf(ada.take())).not.toContain("next");
  });

  it("is warned by the alarm, and asked by it", async () => {
    const workspace = newWorkspace();
    const brief = await watch(workspace, "ada", { expiresInSeconds: 100 });
    await age(workspace, 41_000);
    await wakeForNobody(workspace);
    await runDurableObjectAlarm(workspace.stub);
    expect(await brief.next()).toMatchObject({ type: "ping", payload: { tokenExpiresAt: expect.any(Number) } });
    const silent = await watch(workspace, "ben", { expiresInSeconds: 100_000 });
    await age(workspace, 661_000);
    await wakeForNobody(workspace);
    await runDurableObjectAlarm(workspace.stub);
    expect(await silent.next()).toEqual({ type: "ping" });
  });

  it("is closed by a revoke, and by an erase, which count it", async () => {
    const workspace = newWorkspace();
    const [ada, ben] = [
      await watch(workspace, "ada", { userWorkspaceId: ADA }),
      await watch(workspace, "ada", { userWorkspaceId: BEN }),
    ];
    await sleep(workspace);
    const revocation = parseRevocation({ userWorkspaceId: ADA }, Date.now());
    expect(await workspace.stub.revoke(revocation)).toEqual({ closed: 1 });
    expect(await ada.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    await sleep(workspace);
    await workspace.publish(workspace.personEvent("ada"));
    expect([ada.take(), await ben.drain()]).toMatchObject([[], [nextOf("1")]]);
    await sleep(workspace);
    expect(await workspace.stub.erase()).toEqual({ closed: 1 });
    expect(await ben.untilClosed()).toEqual({ code: 4403, reason: "Workspace erased" });
  });

  it("counts where a workspace is looked into, and for a caller's limits", async () => {
    const workspace = newWorkspace();
    const user = { userWorkspaceId: ADA };
    for (let i = 0; i < DEFAULT_LIMITS.MAX_SOCKETS_PER_IDENTITY; i++) await watch(workspace, "ada", user);
    await sleep(workspace);
    const oneMore = await WorkerdSocket.open(await workspace.token(user));
    expect(await oneMore.untilClosed()).toMatchObject({ code: 1013 });
    await sleep(workspace);
    const { MAX_SOCKETS_PER_IDENTITY: count } = DEFAULT_LIMITS;
    expect(await workspace.stub.inspect()).toMatchObject({
      sockets: count,
      operations: count,
      operationsByField: { onDbEvent: count },
      operationsByDocument: [{ count }],
    });
  });

  it("may go: nothing is left of it", async () => {
    const workspace = newWorkspace();
    const [ada, ben] = [await watch(workspace, "ada"), await watch(workspace, "ada")];
    await sleep(workspace);
    ada.close();
    await ada.untilClosed();
    await workspace.publish(workspace.personEvent("ada"));
    expect(await ben.drain()).toMatchObject([nextOf("1")]);
    expect(await workspace.stub.inspect()).toMatchObject({ sockets: 1, operations: 1 });
  });

  it("[PERM-14] [PERM-15] sees what a snapshot lets it see that was taken while it slept, and ends what that forbids", async () => {
    const workspace = newWorkspace();
    const put = (version: number, role: object) => {
      const snapshot = { version, roles: { all: role }, members: { [ADA]: "all" } };
      return workspace.stub.putPermissions(parseSnapshot(snapshot, DEFAULT_LIMITS));
    };
    const ALL = { objects: { "*": { canRead: true } }, permissionFlags: ["SECURITY"] };
    await put(1, ALL);
    const ada = await watch(workspace, "ada", { userWorkspaceId: ADA });
    const stranger = await watch(workspace, "ada", { userWorkspaceId: BEN });
    ada.subscribe("logs", {}, LOGS);
    await ada.drain();
    await sleep(workspace);
    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.drain(), await stranger.drain()]).toMatchObject([[nextOf("1")], []]);

    await sleep(workspace);
    await put(2, { objects: { person: { canRead: false } } });
    await workspace.publish(workspace.personEvent("ada"));
    expect(await ada.drain()).toMatchObject([
      { id: "logs", type: "error", payload: [{ extensions: { code: "FORBIDDEN" } }] },
    ]);
    await sleep(workspace);
    await workspace.publish(workspace.personEvent("ada"));
    expect([await ada.drain(), await stranger.drain()]).toEqual([[], []]);
  });

  it("is read whole when it is needed: nothing that it ran is lost", async () => {
    const workspace = newWorkspace();
    const ada = await watch(workspace, "ada");
    const read = () =>
      runInDurableObject(workspace.stub, (_, state) =>
        state.getWebSockets().map((socket) => unpackAttachment(socket.deserializeAttachment())),
      );
    const before = await read();
    await sleep(workspace);
    await workspace.publish(workspace.personEvent("ada"));
    await ada.next();
    expect(await read()).toEqual(before);
  });
});
