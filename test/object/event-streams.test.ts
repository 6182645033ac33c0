import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const DOCUMENT = `subscription ($eventStreamId: String!) {
  onEventSubscription(eventStreamId: $eventStreamId) {
    eventStreamId
    objectRecordEventsWithQueryIds { queryIds objectRecordEvent { action recordId properties { after } } }
    metadataEvents { type metadataName }
    queueJobEvents { jobId }
  }
}`;
const ADD = "mutation ($input: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $input) }";
const REMOVE = "mutation ($input: RemoveQueryFromEventStreamInput!) { removeQueryFromEventStream(input: $input) }";
const USER_A = "aaaaaaaa-0000-4000-8000-000000000001";
const USER_B = "bbbbbbbb-0000-4000-8000-000000000001";

type Workspace = ReturnType<typeof newWorkspace>;
type Frame = {
  readonly id: string;
  readonly type: string;
  readonly payload: {
    readonly data?: { readonly onEventSubscription?: StreamFrame; readonly [field: string]: unknown };
    readonly errors?: readonly { readonly extensions: Record<string, unknown> }[];
    readonly extensions?: { readonly position: string };
    readonly position?: { readonly position: string };
    readonly gap?: { readonly position: string };
  };
};
interface StreamFrame {
  readonly eventStreamId: string;
  readonly objectRecordEventsWithQueryIds: readonly {
    readonly queryIds: readonly string[];
    readonly objectRecordEvent: { readonly recordId: string };
  }[];
}

const named = (name: string) => ({ objectNameSingular: "person", variables: { filter: { name: { eq: name } } } });
const ANY = { objectNameSingular: "person", variables: {} };

/** A client as Twenty's front-end is one, over one socket. */
class StreamClient {
  readonly socket: WorkerdSocket;
  #count = 0;

  constructor(socket: WorkerdSocket) {
    this.socket = socket;
  }

  static async connect(workspace: Workspace, userId = USER_A, options: object = {}): Promise<StreamClient> {
    return new StreamClient(await WorkerdSocket.connect(await workspace.token({ userId, ...options })));
  }

  subscribe(eventStreamId: string, resume?: object, id = "stream"): void {
    const extensions = resume && { extensions: { resume } };
    this.socket.send({
      type: "subscribe",
      id,
      payload: { query: DOCUMENT, variables: { eventStreamId }, ...extensions },
    });
  }

  /** The answer to a mutation, which is a boolean or a code. */
  async mutate(query: string, input: object): Promise<unknown> {
    const id = `mutation-${this.#count++}`;
    this.socket.send({ type: "subscribe", id, payload: { query, variables: { input } } });
    for (const frame of (await this.socket.drain()) as Frame[]) {
      if (frame.id !== id || frame.type !== "next") continue;
      const [error] = frame.payload.errors ?? [];
      return error === undefined ? Object.values(frame.payload.data ?? {})[0] : error.extensions["subCode"];
    }
    throw new Error("The mutation got no answer.");
  }

  add(eventStreamId: string, queryId: string, operationSignature: object = ANY): Promise<unknown> {
    return this.mutate(ADD, { eventStreamId, queryId, operationSignature });
  }

  /** What came for streams meanwhile, as `record=query,query`, empty for an empty `next`, else the type of the message. */
  async told(): Promise<string[]> {
    return ((await this.socket.drain()) as Frame[]).map(({ type, payload }) => {
      const stream = payload?.data?.onEventSubscription;
      if (stream === undefined) return payload?.gap === undefined ? type : "gap";
      return stream.objectRecordEventsWithQueryIds
        .map(({ queryIds, objectRecordEvent }) => `${objectRecordEvent.recordId}=${queryIds.join()}`)
        .join(" ");
    });
  }
}

it("[STREAM-1] the first next comes at once and is empty, live and resumed", async () => {
  const workspace = newWorkspace();
  const client = await StreamClient.connect(workspace);
  client.subscribe("s");
  expect((await client.socket.drain()) as Frame[]).toMatchObject([
    {
      type: "next",
      id: "stream",
      payload: {
        data: {
          onEventSubscription: {
            eventStreamId: "s",
            objectRecordEventsWithQueryIds: [],
            metadataEvents: [],
            queueJobEvents: [],
          },
        },
      },
    },
  ]);
  client.subscribe("t", {}, "other");
  expect((await client.told()).sort()).toEqual(["", "ping"]);
});

it("[STREAM-2] [STREAM-5] tells of the records that match, with the queries they match, over socket and HTTP", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent } = workspace;
  const client = await StreamClient.connect(workspace);
  expect(await client.add("s", "early")).toBe(false);
  client.subscribe("s");
  expect(await client.add("s", "all")).toBe(true);
  const response = await exports.default.fetch("http://127.0.0.1/metadata", {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await workspace.token({ userId: USER_A })}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      query: ADD,
      variables: { input: { eventStreamId: "s", queryId: "ada", operationSignature: named("ada") } },
    }),
  });
  expect(await response.json()).toEqual({ data: { addQueryToEventStream: true } });
  await publish(personEvent("ada"), personEvent("bob"), personEvent("eve", { name: "company.updated" }));
  expect(await client.told()).toEqual(["person-ada=all,ada", "person-bob=all"]);
  expect(await client.mutate(REMOVE, { eventStreamId: "s", queryId: "all" })).toBe(true);
  await publish(personEvent("ada"), personEvent("bob"));
  expect(await client.told()).toEqual(["person-ada=ada"]);
});

it("[STREAM-3] a stream is its caller's alone, on every socket of it", async () => {
  const workspace = newWorkspace();
  const [a, b] = [await StreamClient.connect(workspace), await StreamClient.connect(workspace, USER_B)];
  a.subscribe("s");
  await a.told();
  expect(await b.add("s", "q")).toBe("NOT_AUTHORIZED");
  expect(await b.mutate(REMOVE, { eventStreamId: "s", queryId: "q" })).toBe("NOT_AUTHORIZED");
  b.subscribe("s");
  const [refused] = (await b.socket.drain()) as { payload: { extensions: object }[] }[];
  expect(refused).toMatchObject({
    type: "error",
    payload: [{ extensions: { code: "FORBIDDEN", subCode: "EVENT_STREAM_ALREADY_EXISTS" } }],
  });
  const again = await StreamClient.connect(workspace);
  expect(await again.add("s", "q")).toBe(true);
});

it("[STREAM-4] the same caller takes a stream over: the older operation completes, the queries stay or go", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent } = workspace;
  const [older, newer] = [await StreamClient.connect(workspace), await StreamClient.connect(workspace)];
  older.subscribe("s");
  await older.add("s", "all");
  newer.subscribe("s", {});
  await newer.told();
  expect((await older.told()).at(-1)).toBe("complete");
  await publish(personEvent("ada"));
  expect([await older.told(), await newer.told()]).toEqual([[], ["person-ada=all"]]);
  older.subscribe("s");
  await older.told();
  expect(await newer.told()).toEqual(["complete"]);
  await publish(personEvent("bob"));
  expect([await older.told(), await newer.told()]).toEqual([[], []]);
});

it("[STREAM-7] eviction between any two steps changes nothing", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent } = workspace;
  const evict = () => evictDurableObject(workspace.stub);
  const client = await StreamClient.connect(workspace);
  await evict();
  client.subscribe("s");
  await client.told();
  await evict();
  expect(await client.add("s", "ada", named("ada"))).toBe(true);
  await evict();
  await publish(personEvent("ada"), personEvent("bob"));
  expect(await client.told()).toEqual(["person-ada=ada"]);
  await evict();
  expect(await client.add("s", "bob", named("bob"))).toBe(true);
  await evict();
  await publish(personEvent("ada"), personEvent("bob"));
  expect(await client.told()).toEqual(["person-ada=ada", "person-bob=bob"]);
});

/** As if so much time had passed for every stream that waits for its client. */
async function ageStreams({ stub }: Workspace, byMs: number): Promise<void> {
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    for (const { id, stream } of sql.exec<{ id: string; stream: string }>("SELECT id, stream FROM streams").toArray()) {
      const parsed = JSON.parse(stream);
      if (parsed.detachedAt === undefined) continue;
      const aged = JSON.stringify({ ...parsed, detachedAt: parsed.detachedAt - byMs });
      sql.exec("UPDATE streams SET stream = ? WHERE id = ?", aged, id);
    }
  });
  await evictDurableObject(stub);
}

describe("a client that comes back", () => {
  async function dropped() {
    const workspace = newWorkspace();
    const client = await StreamClient.connect(workspace);
    client.subscribe("s", {});
    await client.told();
    await client.add("s", "ada", named("ada"));
    await workspace.publish(workspace.personEvent("ada"));
    const [frame] = (await client.socket.drain()) as Frame[];
    client.socket.close();
    await workspace.publish(workspace.personEvent("ada"), workspace.personEvent("bob"));
    return { ...workspace, workspace, after: frame?.payload.extensions?.position ?? "" };
  }

  it("[STREAM-9] within two minutes has missed nothing", async () => {
    const { workspace, after } = await dropped();
    await ageStreams(workspace, 110_000);
    const client = await StreamClient.connect(workspace);
    client.subscribe("s", { after });
    expect((await client.told()).filter((told) => told !== "")).toEqual(["person-ada=ada", "ping"]);
  });

  it("[STREAM-8] [STREAM-9] later finds no stream, and is told a gap; the alarm lets it go", async () => {
    const { workspace, after } = await dropped();
    await ageStreams(workspace, 121_000);
    await runDurableObjectAlarm(workspace.stub);
    expect(await workspace.stub.inspect()).toMatchObject({ streams: 0, queries: 0 });
    const client = await StreamClient.connect(workspace);
    client.subscribe("s", { after });
    expect((await client.told()).filter((told) => told !== "")).toEqual(["gap"]);
  });

  it("[STREAM-9] later is told a gap, also where nothing happened meanwhile and the gap before was lost", async () => {
    const workspace = newWorkspace();
    const [first] = await workspace.publish(workspace.personEvent("ada"));
    const after = first !== undefined && "position" in first ? first.position : "";
    for (const attempt of [1, 2]) {
      const client = await StreamClient.connect(workspace);
      client.subscribe("never made", { after });
      expect([attempt, (await client.told()).filter((told) => told !== "")]).toEqual([attempt, ["gap"]]);
      client.socket.close();
    }
  });

  it("[STREAM-9] to a stream that was made anew since is told a gap", async () => {
    const { workspace, after } = await dropped();
    const other = await StreamClient.connect(workspace);
    other.subscribe("s");
    await other.told();
    const client = await StreamClient.connect(workspace);
    client.subscribe("s", { after });
    expect((await client.told()).filter((told) => told !== "")).toEqual(["gap"]);
  });

  it("[STREAM-9] is replayed what its queries of now match", async () => {
    const { workspace, after } = await dropped();
    const client = await StreamClient.connect(workspace);
    await client.add("s", "bob", named("bob"));
    client.subscribe("s", { after });
    expect((await client.told()).filter((told) => told !== "")).toEqual(["person-ada=ada", "person-bob=bob", "ping"]);
  });
});

it("[STREAM-10] a caller without a user workspace hears of no records, of metadata and of jobs", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent, workspaceId } = workspace;
  const client = await StreamClient.connect(workspace, USER_A, { type: "API_KEY", apiKeyId: crypto.randomUUID() });
  client.subscribe("s");
  expect(await client.add("s", "all")).toBe(true);
  await publish(
    personEvent("ada"),
    {
      ...{ name: "metadata.view.created", workspaceId, metadataName: "view", type: "created" },
      events: [{ recordId: "1", properties: {} }],
    },
    { name: "queueJob.updated", workspaceId, job: { jobId: "7", state: "active" } },
  );
  expect((await client.socket.drain()) as Frame[]).toMatchObject([
    { payload: { data: { onEventSubscription: { metadataEvents: [{ type: "CREATED", metadataName: "view" }] } } } },
    { payload: { data: { onEventSubscription: { queueJobEvents: [{ jobId: "7" }] } } } },
  ]);
});

it("[STREAM-13] takes what a server publishes to the channel of the stream", async () => {
  const workspace = newWorkspace();
  const client = await StreamClient.connect(workspace);
  const id = "6f2f3c1e-2b1e-4a44-9d3a-6a4e5a1c7b10";
  client.subscribe(id);
  await client.told();
  // UUID v5 of the id in the DNS namespace, as Python's uuid.uuid5 makes it.
  const channelId = "f2b51a5c-265a-56f9-af78-0eedd86c95ed";
  const objectRecordEvent = {
    ...{ action: "created", objectNameSingular: "person", recordId: "1" },
    properties: { after: { id: "1" } },
  };
  await workspace.publish({
    workspaceId: workspace.workspaceId,
    channel: `EVENT_STREAM_CHANNEL:${channelId}`,
    payload: { objectRecordEventsWithQueryIds: [{ queryIds: ["q"], objectRecordEvent }], metadataEvents: [] },
  });
  expect(await client.told()).toEqual(["1=q"]);
});

it("[STREAM-15] an id that is no text of whole characters is answered, and harms nothing", async () => {
  const workspace = newWorkspace();
  const client = await StreamClient.connect(workspace);
  client.subscribe("half \ud83d");
  expect(await client.told()).toEqual(["error"]);
  client.subscribe("s");
  await client.told();
  const response = await exports.default.fetch("http://127.0.0.1/graphql", {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await workspace.token({ userId: USER_A })}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      query: ADD,
      variables: { input: { eventStreamId: "s", queryId: "half \ud83d", operationSignature: ANY } },
    }),
  });
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
});

it("[STREAM-9] a live stream that loses a query to a lowered limit is told a gap, and one that asked for no positions is not", async () => {
  const workspace = newWorkspace();
  const [client, plain] = [await StreamClient.connect(workspace), await StreamClient.connect(workspace, USER_B)];
  client.subscribe("s", {});
  plain.subscribe("t");
  await client.add("s", "fits");
  await plain.add("t", "fits");
  await Promise.all([client.told(), plain.told()]);
  await runInDurableObject(workspace.stub, (_, { storage: { sql } }) => {
    const filter = { name: { in: Array(1_001).fill("a") } };
    const text = JSON.stringify({ objectNameSingular: "person", variables: { filter } });
    for (const stream of ["s", "t"]) {
      sql.exec("INSERT INTO stream_queries (stream, id, text) VALUES (?, 'large', ?)", stream, text);
    }
  });
  await evictDurableObject(workspace.stub);
  await workspace.publish(workspace.personEvent("ada"));
  expect(await client.told()).toEqual(["gap", "person-ada=fits"]);
  expect(await plain.told()).toEqual(["person-ada=fits"]);
  await evictDurableObject(workspace.stub);
  await workspace.publish(workspace.personEvent("bob"));
  expect(await client.told()).toEqual(["person-bob=fits"]);
});
