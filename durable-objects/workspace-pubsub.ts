import { DurableObject } from "cloudflare:workers";
import { channelSecretsFor, secretTag } from "../src/auth/channel-secrets.ts";
import { messageOf } from "../src/core/errors.ts";
import type { Permissions } from "../src/core/permissions/permissions.ts";
import type { MembersPatch, PermissionSnapshot, PermissionsAnswer } from "../src/core/permissions/snapshot.ts";
import { identityOf, type Principal } from "../src/core/principal.ts";
import { answeringClose, CLOSE, closeWith } from "../src/core/protocol/close-events.ts";
import type { SubscribeMessage } from "../src/core/protocol/messages.ts";
import { markSuperseded } from "../src/core/pubsub/mark-superseded.ts";
import type { Message } from "../src/core/pubsub/message.ts";
import { formatPosition, workspaceTag } from "../src/core/pubsub/position.ts";
import type { PublishOutcome, PublishRequest } from "../src/core/pubsub/publish-request.ts";
import { type Retention, retentionFrom } from "../src/core/pubsub/replay-log.ts";
import type { SseStart, Workspace, WorkspaceReport } from "../src/core/pubsub/workspace.ts";
import { EVERYBODY, type Revocation, refusalNamesOf } from "../src/core/revocation.ts";
import { type Settings, settingsOf } from "../src/core/settings.ts";
import { type StreamPage, streamPage } from "../src/core/streams/stream-page.ts";
import type { StreamAnswer } from "../src/core/streams/stream-refusal.ts";
import { AlarmClock } from "./alarm-clock.ts";
import { type AwakeWorkspace, wakeWorkspace } from "./awake-workspace.ts";
import { type Connections, closeQuietly } from "./connections.ts";
import { Enricher, type EnricherService } from "./enricher.ts";
import { openExistingStorage, openStorage, type WorkspaceStorage } from "./storage/workspace-storage.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { readUpgrade, refuseUpgrade, switchProtocols } from "./upgrade-request.ts";
import type { WorkspaceLog } from "./workspace-log.ts";
import { type Marking, writeMessages } from "./write-messages.ts";

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
  readonly #enricher: Enricher | undefined;
  /** Which channel secrets open this workspace by the settings that it runs with. */
  #channelSecretTags: readonly string[] = [];
  #storage: WorkspaceStorage | undefined;
  #awake: AwakeWorkspace | undefined;
  #namedLog: WorkspaceLog | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#settings = settingsOf(env);
    this.#retention = retentionFrom(this.#settings.limits);
    this.#storage = openExistingStorage(ctx.storage, this.#retention);
    this.#alarm = new AlarmClock(ctx);
    const service = (env as { readonly ENRICHER?: EnricherService }).ENRICHER;
    this.#enricher = service && this.#enricherWith(service);
    void ctx.blockConcurrencyWhile(async () => {
      const secrets = channelSecretsFor(this.#settings, ctx.id.name);
      this.#channelSecretTags = await Promise.all(secrets.map(secretTag));
    });
    // Keep-alive pings of stock clients are answered by the platform and wake nobody.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }

  /** Takes over an upgrade that the edge has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = readUpgrade(request);
    if (this.#isRefused(upgrade.principal)) return refuseUpgrade(CLOSE.REVOKED);
    const { 0: client, 1: server } = new WebSocketPair();
    const full = this.#wake().sockets.accept(server, upgrade, Date.now());
    return full === undefined ? switchProtocols(client, upgrade.subprotocol) : refuseUpgrade(full);
  }

  override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
    this.#wake().sockets.receive(socket, frame, Date.now());
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    this.#wake({ letsSleep: true }).sockets.forget(socket);
    // The runtime does not answer a close by itself. Of a connection that broke nothing is let go of either, before the
    // garbage collector finds the socket: then thousands go at once.
    closeQuietly(socket, answeringClose({ code, reason }));
  }

  override webSocketError(socket: WebSocket): void {
    this.#wake({ letsSleep: true }).sockets.forget(socket);
    closeQuietly(socket, CLOSE.NORMAL);
  }

  override alarm(): void {
    this.#alarm.reset();
    const { sockets, subscriptions } = this.#wake();
    sockets.serveDeadlines(Date.now());
    subscriptions.expireStreams(Date.now());
  }

  async publish(published: PublishRequest[]): Promise<PublishOutcome[]> {
    // All that waits comes before the turn that writes and sends.
    const requests = this.#enricher === undefined ? published : await this.#enricher.enrich(published);
    const now = Date.now();
    // Awake before anything is written: what a wake catches up on reads the log to its head, and would find rows there
    // that are delivered below once more.
    const { subscriptions } = this.#wake({ letsSleep: true });
    const { open, positionAt } = this.#log;
    const marking = this.#settings.orderByRecord ? this.#marking : undefined;
    const onFailure = (thrown: unknown) => {
      const workspaceId = this.#workspaceId;
      console.error({ message: "A message could not be written", workspaceId, error: messageOf(thrown) });
      this.#storage = undefined;
    };
    const { outcomes, rows } = writeMessages(requests, now, { open, positionAt, marking, onFailure });
    // All is written before anything is sent, and nothing is awaited in between: the output gate holds the frames until
    // the rows are durable.
    subscriptions.deliver(rows, now);
    this.#tidy(subscriptions, now);
    return [...outcomes];
  }

  async admits(principal: Principal): Promise<boolean> {
    return !this.#isRefused(principal);
  }

  async addQuery(caller: Principal, stream: string, query: string, signature: unknown): Promise<StreamAnswer> {
    return this.#wake().streams.addQuery(stream, identityOf(caller), query, signature, Date.now());
  }

  async removeQuery(caller: Principal, stream: string, query: string): Promise<StreamAnswer> {
    return this.#wake().streams.removeQuery(stream, identityOf(caller), query, Date.now());
  }

  async reserveSse(caller: Principal): Promise<string> {
    return this.#openStorage().sseReservations.make(identityOf(caller), this.#settings.limits, Date.now());
  }

  async takeSse(caller: Principal, token: string): Promise<boolean> {
    return this.#storage?.sseReservations.take(identityOf(caller), token, Date.now()) ?? false;
  }

  async startOverSse(caller: Principal, token: string, message: SubscribeMessage): Promise<SseStart> {
    return this.#wake().sseConnections.start(caller, token, message, Date.now());
  }

  async stopOverSse(caller: Principal, token: string, id: string): Promise<boolean> {
    return this.#wake().sseConnections.stop(caller, token, id, Date.now());
  }

  async revoke({ names, issuedUntil, isUntilNow }: Revocation): Promise<{ closed: number }> {
    const { refusals } = this.#openStorage();
    const { connections } = this.#wake();
    const until = isUntilNow ? newestIssuedAt(connections, names, issuedUntil) : issuedUntil;
    for (const name of names) refusals.refuse(name, until);
    // Closed by the same rule that refuses them from now on, in the turn that wrote it: nothing is sent to them after the answer.
    const closed = this.#wake().sockets.closeWhere(({ state }) => this.#isRefused(state.principal), CLOSE.REVOKED);
    return { closed };
  }

  async inspect(): Promise<WorkspaceReport> {
    const { connections, subscriptions, streams, permissions, unread } = this.#wake();
    const operationsByField = subscriptions.countByField();
    const report: WorkspaceReport = {
      sockets: connections.size,
      operations: Object.values(operationsByField).reduce((sum, count) => sum + count, 0),
      ...streams.count(),
      catchingUp: subscriptions.catchingUp,
      unreadBytes: [...connections].reduce((sum, { socket }) => sum + socket.bufferedAmount, unread.leavingBytes),
      operationsByField,
      operationsByDocument: await subscriptions.countByDocument(),
      ...(this.#enricher !== undefined && { enricher: this.#enricher.state }),
      ...(permissions.version !== undefined && { snapshotVersion: permissions.version }),
      ...(permissions.notDelivering !== undefined && { notDelivering: permissions.notDelivering }),
    };
    if (this.#storage === undefined) return report;
    const { epoch, log } = this.#storage;
    const { floor, head, rows, bytes } = log.extent();
    return {
      ...report,
      epoch,
      position: this.#log.positionAt(head),
      log: { from: this.#log.positionAt(floor), rows, bytes },
    };
  }

  async putPermissions(snapshot: PermissionSnapshot): Promise<PermissionsAnswer> {
    return this.#changePermissions((permissions) => permissions.put(snapshot));
  }

  async patchMembers(patch: MembersPatch): Promise<PermissionsAnswer> {
    return this.#changePermissions((permissions) => permissions.patch(patch));
  }

  async listStreams(after?: string): Promise<StreamPage> {
    const { streams } = this.#wake();
    streams.expire(Date.now());
    return streamPage(streams, after);
  }

  async erase(): Promise<{ closed: number }> {
    const { connections, sockets } = this.#wake();
    const until = newestIssuedAt(connections, [EVERYBODY], Math.floor(Date.now() / 1000));
    const closed = sockets.closeWhere(() => true, closeWith(CLOSE.REVOKED, "Workspace erased"));
    const refused = this.#openStorage().refusals.all();
    this.#storage = undefined;
    this.#awake = undefined;
    this.#alarm.reset();
    // Not `DELETE FROM`: it would leave the bytes in the file.
    const erased = this.ctx.storage.deleteAll();
    // In the same turn, so that at no time anybody is let in who is refused.
    const { refusals } = this.#openStorage();
    for (const { name, issuedUntil } of refused) refusals.refuse(name, issuedUntil);
    refusals.refuse(EVERYBODY, until);
    await erased;
    return { closed };
  }

  /**
   * What is only in memory, built again after every eviction. Without a reason to let sockets sleep all are taken up: it
   * costs less at once than after a look at each.
   */
  #wake({ letsSleep } = { letsSleep: false }): AwakeWorkspace {
    if (this.#awake === undefined) {
      const awake = wakeWorkspace({
        ctx: this.ctx,
        workspaceId: this.#workspaceId,
        settings: this.#settings,
        // Not where the Worker runs by other tools than Cloudflare's.
        version: this.env.CF_VERSION_METADATA?.id,
        letsSleep,
        alarm: this.#alarm,
        log: this.#log,
        stored: this.#storage,
        storage: () => this.#openStorage(),
        isRefused: (principal) => this.#isRefused(principal),
      });
      this.#awake = awake;
      const { sockets, connections } = awake;
      // A deploy may have taken a secret from the list while the object slept: before anything is sent. No server sleeps.
      sockets.closeWhere(({ state }) => this.#isWithoutSecret(state.principal), CLOSE.REVOKED, connections.awake());
      awake.subscriptions.goOn(Date.now());
    }
    return this.#awake;
  }

  /** What may be left to a later publish: the rows of this one are written, and whoever published them is told so. */
  #tidy(subscriptions: Subscriptions, now: number): void {
    try {
      const { log, positionReports, recordTimes } = this.#openStorage();
      const trimmed = log.trim(now, TRIM_ROWS_PER_PUBLISH);
      if (trimmed > 0 && this.#settings.orderByRecord) recordTimes.forget(log.floor);
      if (positionReports.take(log, now)) subscriptions.reportPositions();
    } catch (thrown) {
      const workspaceId = this.#workspaceId;
      console.error({ message: "The log could not be tidied", workspaceId, error: messageOf(thrown) });
    }
  }

  /** What is written holds for every frame from here on, whenever its event was written. */
  #changePermissions(change: (permissions: Permissions) => PermissionsAnswer): PermissionsAnswer {
    const { permissions, subscriptions } = this.#wake();
    const answer = change(permissions);
    if (answer.taken) subscriptions.changeViewers();
    return answer;
  }

  #enricherWith(service: EnricherService): Enricher {
    const { limits, secretFields } = this.#settings;
    return new Enricher({
      ...{ service, limits, secretFields },
      workspaceId: this.ctx.id.name ?? "",
      isWanted: (objectNameSingular) => this.#wake({ letsSleep: true }).streams.asksFor(objectNameSingular),
    });
  }

  /** What the log keeps of a message where late updates of records are to be told. */
  readonly #marking: Marking = {
    toBody: ({ body }, head) => {
      const { recordTimes } = this.#openStorage();
      return JSON.stringify(markSuperseded(JSON.parse(body) as Message, recordTimes, head + 1));
    },
    atomically: (write) => this.ctx.storage.transactionSync(write),
  };

  #openStorage(): WorkspaceStorage {
    this.#storage ??= openStorage(this.ctx.storage, this.#retention);
    return this.#storage;
  }

  get #workspaceId(): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new TypeError("The object of a workspace is reached by the workspace's id.");
    return name;
  }

  get #log(): WorkspaceLog {
    this.#namedLog ??= this.#nameLog();
    return this.#namedLog;
  }

  #nameLog(): WorkspaceLog {
    const workspace = workspaceTag(this.#workspaceId);
    const epoch = () => this.#openStorage().epoch;
    return {
      workspaceId: this.#workspaceId,
      workspaceTag: workspace,
      epoch,
      open: () => this.#openStorage().log,
      positionAt: (offset) => formatPosition({ workspace, epoch: epoch(), offset }),
    };
  }

  #isWithoutSecret(principal: Principal): boolean {
    return principal.kind === "server" && !this.#channelSecretTags.includes(principal.secretTag);
  }

  #isRefused(principal: Principal): boolean {
    if (this.#isWithoutSecret(principal)) return true;
    this.#storage ??= openExistingStorage(this.ctx.storage, this.#retention);
    return this.#storage?.refusals.isRefused(refusalNamesOf(principal), principal.issuedAt) ?? false;
  }
}

/** The latest that a token of those in use under any of these names was issued, or the given second when that is later. */
function newestIssuedAt(connections: Connections, names: readonly string[], atLeast: number): number {
  let newest = atLeast;
  for (const { state } of connections) {
    const isMeant = refusalNamesOf(state.principal).some((name) => names.includes(name));
    if (isMeant) newest = Math.max(newest, state.principal.issuedAt);
  }
  return newest;
}
