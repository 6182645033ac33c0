import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import {
  APPLICATION,
  CALLERS,
  type CallerName,
  eventCase,
  messageOf,
  type PermissionCase,
  permissionCase,
  snapshotOf,
  USER_WORKSPACES,
  valuesIn,
  visibleValues,
} from "../support/permission-cases.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

const ADMIN = { Authorization: "Bearer dev-admin-secret" };
const STREAM = `subscription ($eventStreamId: String!) { onEventSubscription(eventStreamId: $eventStreamId) {
  objectRecordEventsWithQueryIds { queryIds objectRecordEvent { properties { before after diff updatedFields } } }
  metadataEvents { recordId }
} }`;
const ADD = "mutation ($input: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $input) }";

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startBareGateway({ PERMISSIONS: "required" });
});
afterAll(() => gateway.stop());

async function admin(method: string, path: string, body?: unknown, headers: object = ADMIN) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method, headers: { ...headers }, ...(body !== undefined && { body: text }) };
  const response = await fetch(`${gateway.url}/admin/workspaces/${path}`, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const put = (workspaceId: string, snapshot: unknown) => admin("PUT", `${workspaceId}/permissions`, snapshot);
const patch = (workspaceId: string, body: unknown) => admin("PATCH", `${workspaceId}/permissions/members`, body);
const EMPTY = { version: 1, roles: {}, members: {} };

describe("the doors of permissions", () => {
  it("[PERM-14] [PERM-9] [PERM-10] answer with the version that is stored, 200 or 409", async () => {
    const workspaceId = crypto.randomUUID();
    expect(await patch(workspaceId, { version: 1, members: {} })).toMatchObject({
      status: 409,
      body: { version: null },
    });
    expect(await put(workspaceId, { ...EMPTY, version: 5 })).toMatchObject({ status: 200, body: { version: 5 } });
    expect(await put(workspaceId, EMPTY)).toMatchObject({
      status: 409,
      body: { version: 5, errors: [{ extensions: { code: "VERSION_CONFLICT" } }] },
    });
    expect(await patch(workspaceId, { version: 6, members: { a: "r" } })).toMatchObject({
      status: 200,
      body: { version: 6 },
    });
    expect(await patch(workspaceId, { version: 6, members: { a: "s" } })).toMatchObject({
      status: 409,
      body: { version: 6 },
    });
    expect((await admin("GET", workspaceId)).body).toMatchObject({ snapshotVersion: 6 });
  });

  test.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "BAD_REQUEST"],
    ["no snapshot", [], 400, "BAD_MESSAGE"],
    [
      "a row filter that is wrong",
      { ...EMPTY, roles: { r: { objects: { a: { canRead: true, rowFilter: { a: { like: 1 } } } } } } },
      400,
      "BAD_MESSAGE",
    ],
    [
      "more than 64 levels",
      `{"version":1,"members":{},"roles":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
      400,
      "BAD_MESSAGE",
    ],
    ["more than 1 MiB", `{"version":1,${" ".repeat(1024 * 1024)}}`, 413, "TOO_LARGE"],
  ])("[PERM-13] refuse %s, and keep what is stored", async (_, body, status, code) => {
    const workspaceId = crypto.randomUUID();
    await put(workspaceId, EMPTY);
    expect(await put(workspaceId, body)).toMatchObject({ status, body: { errors: [{ extensions: { code } }] } });
    expect((await admin("GET", workspaceId)).body).toMatchObject({ snapshotVersion: 1 });
  });

  test.each([
    ["permissions", "PUT, OPTIONS"],
    ["permissions/members", "PATCH, OPTIONS"],
    ["streams", "GET, OPTIONS"],
  ])("[HTTP-5] [ADMIN-1] %s has its method, and is for admins", async (path, allowed) => {
    const answer = await admin("POST", `${crypto.randomUUID()}/${path}`);
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allowed]);
    expect((await admin("POST", `${crypto.randomUUID()}/${path}`, undefined, {})).status).toBe(401);
  });
});

it("[PERM-11] a workspace without a snapshot delivers nothing where one is required, and says so until it has one", async () => {
  const workspaceId = crypto.randomUUID();
  const userWorkspaceId = USER_WORKSPACES.ada;
  const socket = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId, { userWorkspaceId }));
  socket.subscribe("1", ON_DB_EVENT, { input: {} });
  await socket.drain();
  await gateway.publish(personUpdated(workspaceId, "ada"));
  expect([await socket.drain(), (await gateway.inspect(workspaceId)).notDelivering]).toEqual([
    [],
    expect.stringContaining("snapshot"),
  ]);
  const roles = { r: { objects: { person: { canRead: true } } } };
  await put(workspaceId, { version: 1, roles, members: { [userWorkspaceId]: "r" } });
  await gateway.publish(personUpdated(workspaceId, "ada"));
  expect([(await socket.drain()).length, (await gateway.inspect(workspaceId)).notDelivering]).toEqual([1, undefined]);
  socket.close();
});

/** A caller over SSE. */
class SseCaller {
  readonly name: CallerName;
  readonly #headers: Record<string, string>;

  constructor(name: CallerName, token: string) {
    this.name = name;
    this.#headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  }

  get eventStreamId(): string {
    return `stream of ${this.name}`;
  }

  async query(query: string, variables: object): Promise<void> {
    const init = { method: "POST", headers: this.#headers, body: JSON.stringify({ query, variables }) };
    const response = await fetch(`${gateway.url}/metadata`, init);
    expect(await response.json()).toEqual({ data: { addQueryToEventStream: true } });
  }

  /** Opens a subscription; what it returns reads on until something has come, and gives everything that did. */
  async subscribe(query: string, variables: object, extensions: object = {}) {
    const abort = new AbortController();
    const response = await fetch(`${gateway.url}/metadata`, {
      method: "POST",
      headers: { ...this.#headers, Accept: "text/event-stream" },
      body: JSON.stringify({ query, variables, extensions }),
      signal: abort.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    return async function until(what: string, isLast = false): Promise<string> {
      while (!text.includes(what)) {
        const read = await reader?.read();
        if (read === undefined || read.done) throw new Error(`Ended before ${what}.`);
        text += read.value;
      }
      if (isLast) abort.abort();
      return text;
    };
  }
}

it("[PERM-17] no forbidden value reaches any client over SSE, live or replayed", async () => {
  let values = 0;
  const property = fc.asyncProperty(
    ...([permissionCase, permissionCase, fc.array(eventCase, { minLength: 2, maxLength: 6 })] as const),
    async (first, second, events) => {
      const workspaceId = crypto.randomUUID();
      const use = async (permissions: PermissionCase, version: number) =>
        expect(await put(workspaceId, snapshotOf(permissions, version))).toMatchObject({ status: 200 });
      const messages = events.map((event, n) => messageOf(event, n, workspaceId));
      await use(first, 1);
      const { results } = await gateway.publish(personUpdated(workspaceId, "before"));
      const callers = await Promise.all(
        CALLERS.map(async (name) => {
          const userWorkspaceId = USER_WORKSPACES[name === "application" ? "ada" : name];
          const application = { type: "APPLICATION_ACCESS", applicationId: APPLICATION, userId: userWorkspaceId };
          const options = { userWorkspaceId, ...(name === "application" && application) };
          return new SseCaller(name, await gateway.token(workspaceId, options));
        }),
      );
      const live = [];
      for (const caller of callers) {
        const { eventStreamId } = caller;
        const until = await caller.subscribe(STREAM, { eventStreamId });
        await until("event: next");
        for (const objectNameSingular of ["person", "company"]) {
          const operationSignature = { objectNameSingular, variables: {} };
          await caller.query(ADD, { input: { eventStreamId, queryId: objectNameSingular, operationSignature } });
        }
        live.push(until);
      }
      await gateway.publish(...messages.slice(0, 1));
      await use(second, 2);
      const end = {
        name: "metadata.view.created",
        workspaceId,
        metadataName: "view",
        type: "created",
        events: [{ recordId: "the end", properties: {} }],
      };
      await gateway.publish(...messages.slice(1), end);

      for (const [i, until] of live.entries()) {
        const { name } = callers[i] as SseCaller;
        const told = valuesIn(await until("the end", true));
        const visible = events.map((event, n) => visibleValues(n === 0 ? first : second, name, event, n));
        expect(told).toEqual(new Set(visible.flatMap(({ all }) => [...all])));
        values += told.size;
      }
      const after = results[0] !== undefined && "position" in results[0] ? results[0].position : "";
      for (const caller of callers) {
        const until = await caller.subscribe(ON_DB_EVENT, { input: {} }, { resume: { after } });
        const told = valuesIn(await until('{"data":null', true));
        const visible = events.map((event, n) => visibleValues(second, caller.name, event, n));
        expect(told).toEqual(new Set(visible.flatMap(({ record }) => [...record])));
        values += told.size;
      }
    },
  );
  await fc.assert(property, { seed: 20261124, numRuns: 12, endOnFailure: true });
  expect(values).toBeGreaterThan(200);
}, 120_000);
