import { DurableObject } from "cloudflare:workers";
import { catalogue } from "../schema/index.ts";
import type { Principal } from "../src/core/principal.ts";
import { CLOSE, closeWith } from "../src/core/protocol/close-events.ts";
import { formatPosition, workspaceTag } from "../src/core/pubsub/position.ts";
import type { PublishOutcome, PublishRequest } from "../src/core/pubsub/publish-request.ts";
import { type LogRow, type Retention, retentionFrom } from "../src/core/pubsub/replay-log.ts";
import type { Workspace, WorkspaceReport } from "../src/core/pubsub/workspace.ts";
import { type Settings, settingsOf } from "../src/core/settings.ts";
import { AlarmClock } from "./alarm-clock.ts";
import { Connections, closeQuietly } from "./connections.ts";
import { Sockets } from "./sockets.ts";
import { EVERYBODY } from "./storage/refusals.ts";
import { openExistingStorage, openStorage, type WorkspaceStorage } from "./storage/workspace-storage.ts";
import { Subscriptions } from "./subscriptions.ts";
import { readUpgrade, SUBPROTOCOL_HEADER } from "./upgrade-request.ts";

/** How many rows one publish lets go of at most, so that none pays for a long silence before it. */
const TRIM_ROWS_PER_PUBLISH = 200;

/**
 * The object of one workspace: its sockets, its log, its subscriptions. All that is in memory here is rebuilt from
 * attachments and SQLite at any wake, so it may be evicted between any two events.
 */
export class WorkspacePubSub extends DurableObject<Env> implements Workspace {
  readonly #settings: Settings;
  readonly #retention: Retention;
  readonly #alarm: AlarmClock;
  #storage: WorkspaceStorage | undefined;
  #awake: AwakeWorkspace | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#settings = settingsOf(env);
    this.#retention = retentionFrom(this.#settings.limits);
    this.#storage = openExistingStorage(ctx.storage, this.#retention);
    this.#alarm = new AlarmClock(ctx);
    // Keep-alive pings of stock clients are answered by the platform and wake nobody.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }

  /** Takes over an upgrade that the edge has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    const { principal, subprotocol } = readUpgrade(request);
    const { 0: client, 1: server } = new WebSocketPair();
    const { sockets } = this.#wake();
    if (this.#isRefused(principal)) sockets.refuse(server, CLOSE.REVOKED);
    else sockets.accept(server, principal, Date.now());
    return new Response(null, { status: 101, webSocket: client, headers: { [SUBPROTOCOL_HEADER]: subprotocol } });
  }

  override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
    this.#wake().sockets.receive(socket, frame, Date.now());
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    this.#wake().sockets.forget(socket);
    // The runtime does not answer a close by itself; 1005 and 1006 only describe and cannot be sent.
    if (code === 1005) closeQuietly(socket, CLOSE.NORMAL);
    else if (code !== 1006) closeQuietly(socket, { code, reason });
  }

  override webSocketError(socket: WebSocket): void {
    this.#wake().sockets.forget(socket);
  }

  override alarm(): void {
    this.#alarm.reset();
    this.#wake().sockets.serveDeadlines(Date.now());
  }

  async publish(requests: PublishRequest[]): Promise<PublishOutcome[]> {
    const now = Date.now();
    const { log } = this.#openStorage();
    const rows: LogRow[] = [];
    const outcomes = requests.map((request) => this.#write(request, now, rows));
    // All is written before anything is sent, and nothing is awaited in between: the output gate holds the frames until
    // the rows are durable.
    const { sockets, subscriptions } = this.#wake();
    subscriptions.deliver(rows, this.#deliversRecords, (connection, frame) => sockets.send(connection, frame, now));
    log.trim(now, TRIM_ROWS_PER_PUBLISH);
    return outcomes;
  }

  async admits(principal: Principal): Promise<boolean> {
    return !this.#isRefused(principal);
  }

  async inspect(): Promise<WorkspaceReport> {
    const { connections, subscriptions } = this.#wake();
    const operationsByField = subscriptions.countByField();
    const report: WorkspaceReport = {
      sockets: connections.size,
      operations: Object.values(operationsByField).reduce((sum, count) => sum + count, 0),
      operationsByField,
      ...(!this.#deliversRecords && {
        notDelivering: "PERMISSIONS=required, and the workspace has no permission snapshot",
      }),
    };
    if (this.#storage === undefined) return report;
    const { epoch, log } = this.#storage;
    const { floor, head, rows, bytes } = log.extent();
    return { ...report, epoch, position: this.#positionAt(head), log: { from: this.#positionAt(floor), rows, bytes } };
  }

  async erase(): Promise<{ closed: number }> {
    const closed = this.#wake().sockets.closeAll(closeWith(CLOSE.REVOKED, "Workspace erased"));
    this.#storage = undefined;
    this.#awake = undefined;
    this.#alarm.reset();
    // Not `DELETE FROM`: it would leave the bytes in the file.
    await this.ctx.storage.deleteAll();
    this.#openStorage().refusals.refuse(EVERYBODY, Math.floor(Date.now() / 1000));
    return { closed };
  }

  /** What is only in memory, built again after every eviction. */
  #wake(): AwakeWorkspace {
    if (this.#awake === undefined) {
      const { limits } = this.#settings;
      const connections = new Connections(this.ctx, () => this.#openStorage().operations);
      this.#storage?.operations.keepOnly(new Set([...connections].map(({ state }) => state.id)));
      const subscriptions = new Subscriptions(catalogue, connections, limits);
      this.#awake = {
        connections,
        subscriptions,
        sockets: new Sockets(this.ctx, connections, subscriptions, this.#alarm, limits),
      };
    }
    return this.#awake;
  }

  #openStorage(): WorkspaceStorage {
    this.#storage ??= openStorage(this.ctx.storage, this.#retention);
    return this.#storage;
  }

  /** Fails closed: without a snapshot of permissions, records reach a workspace only where they are open to all of it. */
  get #deliversRecords(): boolean {
    return this.#settings.permissions === "open";
  }

  #isRefused({ issuedAt }: Principal): boolean {
    return this.#storage?.refusals.isRefused([EVERYBODY], issuedAt) ?? false;
  }

  #write(request: PublishRequest, now: number, rows: LogRow[]): PublishOutcome {
    const { id, digest, events } = request;
    const { log } = this.#openStorage();
    const known = log.find(id);
    if (known === undefined) {
      const row = log.append(request, now);
      rows.push(row);
      return { id, position: this.#positionAt(row.offset), events, duplicate: false };
    }
    if (known.digest === digest) {
      return { id, position: this.#positionAt(known.offset), events: known.events, duplicate: true };
    }
    const message = "The id was used for a message of another content.";
    return { id, error: { code: "ID_REUSED", message, retryable: false } };
  }

  #positionAt(offset: number): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new TypeError("The object of a workspace is reached by the workspace's id.");
    return formatPosition({ workspace: workspaceTag(name), epoch: this.#openStorage().epoch, offset });
  }
}

interface AwakeWorkspace {
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  readonly sockets: Sockets;
}
