import { evictDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { parseMembersPatch, parseSnapshot } from "../../src/core/permissions/parse-snapshot.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type Workspace = ReturnType<typeof newWorkspace>;

const USERS = Array.from({ length: 4 }, (_, i) => `00000000-0000-4000-8000-00000000010${i}`);
const memberOf = (token: string): string =>
  JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))).userWorkspaceId;

async function put({ stub }: Workspace, snapshot: object) {
  return stub.putPermissions(parseSnapshot(snapshot, DEFAULT_LIMITS));
}

/** Sockets of users, with their members. */
async function connectUsers(workspace: Workspace, count: number) {
  return Promise.all(
    USERS.slice(0, count).map(async (userId) => {
      const token = await workspace.token({ userId });
      return { socket: await WorkerdSocket.connect(token), member: memberOf(token), token };
    }),
  );
}

const named = (frames: readonly unknown[]) =>
  frames.flatMap((frame) => {
    const { payload } = frame as { payload?: { data?: { onDbEvent?: { record?: { name?: string } } } } };
    return payload?.data?.onDbEvent === undefined ? [] : [payload.data.onDbEvent.record?.name];
  });

describe("a snapshot", () => {
  it("[PERM-14] holds for every frame after its answer, live, over evictions and replayed, whenever the event was written", async () => {
    const workspace = newWorkspace();
    const { publish, personEvent } = workspace;
    const [first] = await publish(personEvent("zero"));
    const after = first && "position" in first ? first.position : "";
    const [user] = await connectUsers(workspace, 1);
    if (user === undefined) throw new Error("No user.");
    user.socket.subscribe("1");
    await publish(personEvent("one"));
    expect(named(await user.socket.drain())).toEqual(["one"]);
    const roles = (canRead: boolean) => ({ role: { objects: { person: { canRead } } } });
    await put(workspace, { version: 1, roles: roles(false), members: { [user.member]: "role" } });
    await publish(personEvent("two"));
    expect(named(await user.socket.drain())).toEqual([]);
    await evictDurableObject(workspace.stub);
    await publish(personEvent("three"));
    const replay = { query: ON_DB_EVENT, variables: { input: {} }, extensions: { resume: { after } } };
    user.socket.send({ type: "subscribe", id: "2", payload: replay });
    expect(named(await user.socket.drain())).toEqual([]);
    await put(workspace, { version: 2, roles: roles(true), members: { [user.member]: "role" } });
    user.socket.send({ type: "subscribe", id: "3", payload: replay });
    expect(named(await user.socket.drain())).toEqual(["one", "two", "three"]);
    await workspace.stub.patchMembers(
      parseMembersPatch({ version: 3, members: { [user.member]: null } }, DEFAULT_LIMITS),
    );
    await publish(personEvent("four"));
    expect(named(await user.socket.drain())).toEqual([]);
    expect(await workspace.stub.inspect()).toMatchObject({ snapshotVersion: 3 });
  });

  it("[PERM-20] looks at what a refreshed token says of its caller, from its answer on", async () => {
    const workspace = newWorkspace();
    const [userId = ""] = USERS;
    const [first, second] = ["aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"];
    const tokenAs = (workspaceMemberId: string) => workspace.token({ userId, claims: { workspaceMemberId } });
    const before = await tokenAs(first);
    const rowFilter = { ownerId: { eq: { $caller: "workspaceMemberId" } } };
    const role = { objects: { person: { canRead: true, rowFilter } } };
    await put(workspace, { version: 1, roles: { role }, members: { [memberOf(before)]: "role" } });
    const socket = await WorkerdSocket.connect(before);
    socket.subscribe("1");
    const publishOwned = () => {
      const ownedBy = (name: string, ownerId: string) => ({
        name: "person.created",
        workspaceId: workspace.workspaceId,
        events: [{ recordId: name, properties: { after: { id: name, name, ownerId } } }],
      });
      return workspace.publish(ownedBy("first", first), ownedBy("second", second));
    };
    await publishOwned();
    expect(named(await socket.drain())).toEqual(["first"]);
    socket.send({ type: "ping", payload: { accessToken: await tokenAs(second) } });
    expect(await socket.next()).toMatchObject({ type: "pong" });
    await publishOwned();
    expect(named(await socket.drain())).toEqual(["second"]);
    await evictDurableObject(workspace.stub);
    await publishOwned();
    expect(named(await socket.drain())).toEqual(["second"]);
  });

  it("[PERM-15] ends what it forbids with FORBIDDEN, and leaves the rest", async () => {
    const workspace = newWorkspace();
    const [user] = await connectUsers(workspace, 1);
    if (user === undefined) throw new Error("No user.");
    const logs = "subscription { logicFunctionLogs(input: {}) { logs } }";
    user.socket.send({ type: "subscribe", id: "logs", payload: { query: logs } });
    user.socket.subscribe("all");
    await user.socket.drain();
    const role = { objects: { "*": { canRead: true } } };
    await put(workspace, { version: 1, roles: { role }, members: { [user.member]: "role" } });
    expect(await user.socket.drain()).toMatchObject([
      { id: "logs", type: "error", payload: [{ extensions: { code: "FORBIDDEN" } }] },
    ]);
    await workspace.publish(workspace.personEvent("ada"));
    expect(named(await user.socket.drain())).toEqual(["ada"]);
  });

  it("[PERM-9] [PERM-16] is put and changed at the admin door, which tells the stored version", async () => {
    const { workspaceId, stub } = newWorkspace();
    const ask = async (method: string, path: string, body?: object, secret: string = DEV_BINDINGS.ADMIN_SECRETS) => {
      const response = await exports.default.fetch(`http://127.0.0.1/admin/workspaces/${workspaceId}${path}`, {
        method,
        headers: { Authorization: `Bearer ${secret}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return [response.status, await response.json()];
    };
    const snapshot = { version: 7, roles: {}, members: {} };
    expect((await ask("PUT", "/permissions", snapshot, "wrong"))[0]).toBe(403);
    expect(await ask("PUT", "/permissions", snapshot)).toEqual([200, { version: 7 }]);
    expect(await ask("PUT", "/permissions", snapshot)).toEqual([200, { version: 7 }]);
    expect(await ask("PUT", "/permissions", { ...snapshot, version: 6 })).toMatchObject([409, { version: 7 }]);
    expect(await ask("PUT", "/permissions", { version: 8 })).toMatchObject([
      400,
      { errors: [{ extensions: { code: "BAD_MESSAGE" } }] },
    ]);
    const members = { [crypto.randomUUID()]: "role" };
    expect(await ask("PATCH", "/permissions/members", { version: 8, members })).toEqual([200, { version: 8 }]);
    expect(await ask("PATCH", "/permissions/members", { version: 7, members })).toMatchObject([409, { version: 8 }]);
    expect(await ask("GET", "/streams")).toEqual([200, { streams: [] }]);
    expect(await stub.inspect()).toMatchObject({ snapshotVersion: 8 });
    await stub.erase();
    expect(await stub.inspect()).not.toHaveProperty("snapshotVersion");
  });
});

/** Values of fields that say where they stand, so that a byte of one that is forbidden is found in any frame. */
const FIELDS = ["name", "salary", "city"] as const;
const OBJECTS = ["person", "company"] as const;

const arbitraryRole = fc.record({
  objects: fc.dictionary(
    fc.constantFrom(...OBJECTS, "*"),
    fc.record(
      {
        canRead: fc.boolean(),
        restrictedFields: fc.subarray([...FIELDS]),
        rowFilter: fc.constantFrom({}, { kind: { eq: "a" } }, { not: { kind: { eq: "a" } } }),
      },
      { requiredKeys: ["canRead"] },
    ),
  ),
});
const arbitraryRecord = fc.record({ kind: fc.constantFrom("a", "b"), marks: fc.subarray([...FIELDS]) });
const arbitraryEvent = fc.record({
  object: fc.constantFrom(...OBJECTS),
  action: fc.constantFrom("created", "updated", "deleted", "destroyed", "restored", "upserted"),
  before: fc.option(arbitraryRecord, { nil: undefined }),
  after: fc.option(arbitraryRecord, { nil: undefined }),
});

/** What an operation is replayed over SSE, until it is live. */
async function replayOverSse(token: string, payload: object): Promise<string> {
  const response = await exports.default.fetch("http://127.0.0.1/graphql", {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, Accept: "text/event-stream", "Content-Type": "application/json" },
    body: JSON.stringify(payload),
  });
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes('"data":null')) break;
  }
  return text;
}

interface Rule {
  readonly canRead: boolean;
  readonly restrictedFields?: readonly string[];
  readonly rowFilter?: { readonly kind?: object; readonly not?: object };
}
type Side = { readonly kind: string; readonly marks: readonly string[] } | undefined;

/** The plain statement of who may see a field of one side of an event. */
function maySee(rule: Rule | undefined, { before, after }: { before: Side; after: Side }, side: Side, field: string) {
  if (rule === undefined || !rule.canRead || rule.restrictedFields?.includes(field)) return false;
  const passes = (record: Side) => {
    if (record === undefined) return true;
    if (rule.rowFilter?.kind !== undefined) return record.kind === "a";
    return rule.rowFilter?.not === undefined || record.kind !== "a";
  };
  return passes(after ?? before) && passes(side);
}

it("[PERM-17] no byte that is forbidden reaches a socket, live, replayed or by SSE: a fuzz of roles, rows, fields and actions", async () => {
  let frames = 0;
  let visible = 0;
  const cases = fc.tuple(
    fc.array(arbitraryRole, { minLength: 3, maxLength: 3 }),
    fc.array(arbitraryEvent, { minLength: 1, maxLength: 12 }),
  );
  for (const [roles, events] of fc.sample(cases, { numRuns: 60, seed: 20261124 })) {
    const workspace = newWorkspace();
    const users = await connectUsers(workspace, 3);
    const [origin] = await workspace.publish(workspace.personEvent("origin"));
    const after = origin && "position" in origin ? origin.position : "";
    await put(workspace, {
      version: 1,
      roles: Object.fromEntries(roles.map((role, i) => [`role${i}`, role])),
      members: Object.fromEntries(users.map(({ member }, i) => [member, `role${i}`])),
    });
    for (const { socket } of users) {
      socket.subscribe("live");
      const query =
        'subscription { onEventSubscription(eventStreamId: "s") { objectRecordEventsWithQueryIds { objectRecordEvent { properties { before after diff updatedFields } } } } }';
      socket.send({
        type: "subscribe",
        id: "stream",
        payload: { query: query.replace('"s"', `"${crypto.randomUUID()}"`) },
      });
      await socket.drain();
    }
    const markOf = (i: number, side: string, field: string) => `<${i}-${side}-${field}>`;
    const messages = events.flatMap(({ object, action, before, after: afterSide }, i) => {
      const toRecord = (record: Side, side: string) =>
        record && {
          id: `${i}`,
          kind: record.kind,
          ...Object.fromEntries(record.marks.map((f) => [f, markOf(i, side, f)])),
        };
      const properties = { before: toRecord(before, "before"), after: toRecord(afterSide, "after") };
      if (properties.before === undefined && properties.after === undefined) return [];
      return [
        { name: `${object}.${action}`, workspaceId: workspace.workspaceId, events: [{ recordId: `${i}`, properties }] },
      ];
    });
    if (messages.length > 0) await workspace.publish(...messages);
    for (const [u, { socket, token }] of users.entries()) {
      const replay = { query: ON_DB_EVENT, variables: { input: {} }, extensions: { resume: { after } } };
      socket.send({ type: "subscribe", id: "replay", payload: replay });
      const text = JSON.stringify(await socket.drain()) + (await replayOverSse(token, replay));
      frames += text.length;
      for (const [i, event] of events.entries()) {
        const objects = roles[u]?.objects as Record<string, Rule> | undefined;
        const rule = objects?.[event.object] ?? objects?.["*"];
        for (const side of ["before", "after"] as const) {
          for (const field of event[side]?.marks ?? []) {
            const isThere = text.includes(markOf(i, side, field));
            if (isThere) visible++;
            if (isThere && !maySee(rule, event, event[side], field)) {
              expect.fail(
                `User ${u} saw ${markOf(i, side, field)} under ${JSON.stringify(rule)}: ${JSON.stringify(event)}`,
              );
            }
          }
        }
      }
    }
  }
  console.info(
    `60 workspaces with 3 roles each, ${frames} bytes of frames, ${visible} marked values seen, 0 of them forbidden`,
  );
  expect(visible).toBeGreaterThan(100);
});
