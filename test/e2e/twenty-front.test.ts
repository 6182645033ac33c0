import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createClient } from "graphql-sse";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createSseClient } from "../../client/index.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { personUpdated, recordBatch } from "./events.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway();
});
afterAll(() => gateway.stop());

/** What Twenty's front-end sends. */
const ON_EVENT_SUBSCRIPTION = `subscription OnEventSubscription($eventStreamId: String!) {
  onEventSubscription(eventStreamId: $eventStreamId) {
    eventStreamId
    objectRecordEventsWithQueryIds { objectRecordEvent { action objectNameSingular recordId userId workspaceMemberId
      properties { updatedFields before after diff } } queryIds }
    metadataEvents { type metadataName recordId updatedCollectionHash properties { updatedFields before after diff } }
    queueJobEvents { jobId state attemptsMade failedReason enqueuedAt startedAt finishedAt } } }`;
const ADD = `mutation AddQueryToEventStream($input: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $input) }`;
const REMOVE = `mutation RemoveQueryFromEventStream($input: RemoveQueryFromEventStreamInput!) {
  removeQueryFromEventStream(input: $input) }`;

/** A way to the gateway that can be cut. */
class Line {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(url: string): Promise<Line> {
    const { port } = new URL(url);
    const line: Line = new Line(
      createServer((near) => {
        const far = connect(Number(port), "127.0.0.1");
        for (const socket of [near, far]) {
          line.#sockets.add(socket);
          socket.on("error", () => undefined).on("close", () => line.#sockets.delete(socket));
        }
        near.pipe(far).pipe(near);
      }),
    );
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

interface StreamResult {
  readonly onEventSubscription: {
    readonly objectRecordEventsWithQueryIds: readonly {
      readonly queryIds: readonly string[];
      readonly objectRecordEvent: { readonly properties: { readonly after: { readonly name: string } } };
    }[];
  };
}

type Client = Pick<ReturnType<typeof createClient>, "subscribe">;

/** The part of Twenty's front-end that keeps a stream and its queries, as it does it: §6.2 of its description. */
class Front {
  readonly received: string[] = [];
  readonly #url: string;
  readonly #token: string;
  readonly #required = new Map<string, object>();
  readonly #active = new Set<string>();
  #streamId = "";
  #isReady = false;
  #dispose: () => void = () => undefined;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Makes the stream; it is ready when the first `next` has come. */
  start(client: Client): void {
    this.#streamId = crypto.randomUUID();
    const request = { query: ON_EVENT_SUBSCRIPTION, variables: { eventStreamId: this.#streamId } };
    this.#dispose = client.subscribe<StreamResult>(request, {
      next: ({ data }) => {
        this.#isReady = true;
        for (const { queryIds, objectRecordEvent } of data?.onEventSubscription.objectRecordEventsWithQueryIds ?? []) {
          this.received.push(`${objectRecordEvent.properties.after.name}=${[...queryIds].sort().join()}`);
        }
      },
      error: () => undefined,
      complete: () => undefined,
    });
  }

  /** A connection is there: what was registered on another may be gone. */
  connected(): void {
    this.#active.clear();
    this.#isReady = false;
  }

  async show(queryId: string, filter: object): Promise<void> {
    this.#required.set(queryId, { objectNameSingular: "person", variables: { filter } });
    await this.register();
  }

  async hide(queryId: string): Promise<void> {
    this.#required.delete(queryId);
    await this.register();
  }

  /** Brings the queries of the stream to what is shown, one by one. Makes the stream anew when it is gone. */
  async register(): Promise<void> {
    await expect.poll(() => this.#isReady, { timeout: 10_000 }).toBe(true);
    for (const [queryId, operationSignature] of this.#required) {
      if (this.#active.has(queryId)) continue;
      const added = await this.#mutate(ADD, { eventStreamId: this.#streamId, queryId, operationSignature });
      expect(added).toEqual({ addQueryToEventStream: true });
      this.#active.add(queryId);
    }
    for (const queryId of this.#active) {
      if (this.#required.has(queryId)) continue;
      await this.#mutate(REMOVE, { eventStreamId: this.#streamId, queryId });
      this.#active.delete(queryId);
    }
  }

  stop(): void {
    this.#dispose();
    this.connected();
  }

  async #mutate(query: string, input: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/metadata`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ query, variables: { input } }),
    });
    return ((await response.json()) as { data: unknown }).data;
  }
}

it("[STREAM-1] [STREAM-2] Twenty's front-end gets what it shows over SSE with graphql-sse's client, after a drop as well", async () => {
  const workspaceId = crypto.randomUUID();
  const token = await gateway.token(workspaceId);
  const line = await Line.open(gateway.url);
  const front = new Front(gateway.url, token);
  let connections = 0;
  const client = createClient({
    url: `${line.url}/metadata`,
    headers: () => ({ Authorization: `Bearer ${token}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
    on: {
      connected: () => {
        connections++;
        front.connected();
      },
    },
  });
  front.start(client);
  await front.show("ada", { name: { eq: "ada" } });
  await front.show("a", { name: { like: "a%" } });
  await gateway.publish(personUpdated(workspaceId, "ada", "bob"), recordBatch(workspaceId, "company.updated", "ada"));
  await expect.poll(() => front.received).toEqual(["ada=a,ada"]);
  await front.hide("ada");
  line.cut();
  await expect.poll(() => connections, { timeout: 10_000 }).toBe(2);
  await front.register();
  await gateway.publish(personUpdated(workspaceId, "ada", "bob", "alan"));
  await expect.poll(() => front.received).toEqual(["ada=a,ada", "ada=a", "alan=a"]);
  // The tab makes another stream, as when it was told nothing for too long.
  front.stop();
  front.start(client);
  await front.register();
  await gateway.publish(personUpdated(workspaceId, "anna"));
  await expect.poll(() => front.received.at(-1)).toBe("anna=a");
  front.stop();
  line.close();
});

it("[STREAM-9] the same code over the shim's socket misses nothing that is published while it is cut off", async () => {
  const workspaceId = crypto.randomUUID();
  const token = await gateway.token(workspaceId);
  const line = await Line.open(gateway.url);
  const front = new Front(gateway.url, token);
  let connections = 0;
  const client = createSseClient({
    url: `${line.url}/metadata`,
    headers: () => ({ Authorization: `Bearer ${token}` }),
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    on: {
      connected: () => {
        connections++;
      },
    },
  });
  front.start(client as unknown as Client);
  await front.show("a", { name: { like: "a%" } });
  await gateway.publish(personUpdated(workspaceId, "ada", "bob"));
  await expect.poll(() => front.received).toEqual(["ada=a"]);
  line.cut();
  await gateway.publish(personUpdated(workspaceId, "anna"));
  await gateway.publish(personUpdated(workspaceId, "bob", "alan"));
  await expect.poll(() => connections, { timeout: 10_000 }).toBe(2);
  await gateway.publish(personUpdated(workspaceId, "amy"));
  await expect.poll(() => front.received, { timeout: 10_000 }).toEqual(["ada=a", "anna=a", "alan=a", "amy=a"]);
  front.stop();
  line.close();
});
