import { evictDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { parseSnapshot } from "../../src/core/permissions/parse-snapshot.ts";
import {
  APPLICATION,
  CALLERS,
  type CallerName,
  type EventCase,
  eventCase,
  hidesField,
  messageOf,
  type PermissionCase,
  permissionCase,
  snapshotOf,
  USER_WORKSPACES,
  valuesIn,
  visibleValues,
} from "../support/permission-cases.ts";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const STREAM = `subscription ($eventStreamId: String!) { onEventSubscription(eventStreamId: $eventStreamId) {
  objectRecordEventsWithQueryIds { queryIds objectRecordEvent { recordId properties { before after diff updatedFields } } }
} }`;
const ADD = "mutation ($input: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $input) }";
const NOT_SALARY = "a query on salary";

type Workspace = ReturnType<typeof newWorkspace>;

/** One caller with both fields that carry records, over a socket with batches or without. */
class Watcher {
  readonly caller: CallerName;
  readonly #socket: WorkerdSocket;

  private constructor(caller: CallerName, socket: WorkerdSocket) {
    this.caller = caller;
    this.#socket = socket;
  }

  static async connect({ token }: Workspace, caller: CallerName, isBatching: boolean): Promise<Watcher> {
    const userWorkspaceId = USER_WORKSPACES[caller === "application" ? "ada" : caller];
    const options =
      caller === "application"
        ? { type: "APPLICATION_ACCESS", applicationId: APPLICATION, userId: userWorkspaceId, userWorkspaceId }
        : { userWorkspaceId };
    const subprotocol = isBatching ? "graphql-transport-ws.batch" : "graphql-transport-ws";
    const socket = await WorkerdSocket.open(await token(options), { "Sec-WebSocket-Protocol": subprotocol });
    socket.send({ type: "connection_init" });
    await socket.next();
    return new Watcher(caller, socket);
  }

  async watch(after?: string): Promise<void> {
    const extensions = { resume: after === undefined ? {} : { after } };
    const variables = { input: {}, eventStreamId: `stream of ${this.caller}` };
    this.#socket.send({
      type: "subscribe",
      id: "db",
      payload: { query: ON_DB_EVENT, variables: { input: {} }, extensions },
    });
    this.#socket.send({ type: "subscribe", id: "stream", payload: { query: STREAM, variables, extensions } });
    if (after !== undefined) return;
    await this.#add("person", "person");
    await this.#add("company", "company");
    await this.#add(NOT_SALARY, "person", { not: { salary: { eq: "x" } } });
    await this.#socket.drain();
  }

  /** Everything that came until now, by operation, once both are live. */
  async told(): Promise<{ readonly db: string; readonly stream: string }> {
    const frames: { id?: string; type: string; payload?: unknown }[] = [];
    frames.push(...((await this.#socket.drain()).flat() as typeof frames));
    const of = (id: string) => JSON.stringify(frames.filter((frame) => frame.id === id));
    return { db: of("db"), stream: of("stream") };
  }

  /** The same of operations that begin with a replay. */
  async replayed(): Promise<{ readonly db: string; readonly stream: string }> {
    const texts = { db: "", stream: "" };
    const live = new Set<string>();
    for (let i = 0; i < 50 && live.size < 2; i++) {
      for (const frame of (await this.#socket.drain()).flat() as {
        id?: "db" | "stream";
        payload?: { position?: { id: string } };
      }[]) {
        if (frame.id !== undefined) texts[frame.id] += JSON.stringify(frame);
        if (frame.payload?.position !== undefined) live.add(frame.payload.position.id);
      }
    }
    return texts;
  }

  async #add(queryId: string, objectNameSingular: string, filter?: object): Promise<void> {
    const operationSignature = { objectNameSingular, variables: { filter } };
    const input = { eventStreamId: `stream of ${this.caller}`, queryId, operationSignature };
    this.#socket.send({ type: "subscribe", id: queryId, payload: { query: ADD, variables: { input } } });
    await this.#socket.drain();
  }

  close(): void {
    this.#socket.close();
  }
}

/** What a caller was told of events must be what it may see of each, under the permissions of that moment. */
function expectOnlyVisible(
  { db, stream }: { readonly db: string; readonly stream: string },
  caller: CallerName,
  events: readonly EventCase[],
  permissionsAt: (n: number) => PermissionCase,
): number {
  const visible = events.map((event, n) => visibleValues(permissionsAt(n), caller, event, n));
  expect(valuesIn(db)).toEqual(new Set(visible.flatMap(({ record }) => [...record])));
  expect(valuesIn(stream)).toEqual(new Set(visible.flatMap(({ all }) => [...all])));
  expect(`${db}${stream}`).not.toContain(":related]");
  const mayAsk = events.some((_, n) => !hidesField(permissionsAt(n), caller, "person", "salary"));
  if (!mayAsk) expect(stream).not.toContain(NOT_SALARY);
  return valuesIn(db + stream).size;
}

it("[PERM-17] no forbidden value reaches any socket: live, replayed, in batches, over evictions and changes of the snapshot", async () => {
  let values = 0;
  const property = fc.asyncProperty(
    ...([permissionCase, permissionCase, fc.array(eventCase, { minLength: 2, maxLength: 8 }), fc.boolean()] as const),
    async (first, second, events, isEvicted) => {
      const workspace = newWorkspace();
      const { stub, workspaceId } = workspace;
      const put = (permissions: PermissionCase, version: number) =>
        stub.putPermissions(parseSnapshot(snapshotOf(permissions, version), DEFAULT_LIMITS));
      const messages = events.map((event, n) => messageOf(event, n, workspaceId));
      const half = Math.ceil(events.length / 2);
      await put(first, 1);
      const [start] = await workspace.publish({
        name: "task.created",
        workspaceId,
        events: [{ properties: { after: { id: "1" } } }],
      });
      const watchers = [];
      for (const [i, caller] of CALLERS.entries()) watchers.push(await Watcher.connect(workspace, caller, i % 2 === 0));
      for (const watcher of watchers) await watcher.watch();
      await workspace.publish(...messages.slice(0, half));
      if (isEvicted) await evictDurableObject(stub);
      await put(second, 2);
      for (const message of messages.slice(half)) await workspace.publish(message);
      for (const watcher of watchers) {
        values += expectOnlyVisible(await watcher.told(), watcher.caller, events, (n) => (n < half ? first : second));
        watcher.close();
      }

      const after = start !== undefined && "position" in start ? start.position : "";
      for (const [i, caller] of CALLERS.entries()) {
        const watcher = await Watcher.connect(workspace, caller, i % 2 === 1);
        await watcher.watch(after);
        values += expectOnlyVisible(await watcher.replayed(), caller, events, () => second);
        watcher.close();
      }
    },
  );
  await fc.assert(property, { seed: 20261124, numRuns: 40, endOnFailure: true });
  // Most is forbidden; so much was to be seen.
  expect(values).toBeGreaterThan(1_000);
}, 180_000);
