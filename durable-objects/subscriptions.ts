import type { GraphQLError } from "graphql";
import { messageOf } from "../src/core/errors.ts";
import { canonicalJson } from "../src/core/json.ts";
import type { Limits } from "../src/core/limits.ts";
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import { countByDocument } from "../src/core/operation/count-by-document.ts";
import { executeInitialValue, refusal, type SubscriptionPlan } from "../src/core/operation/plan-operation.ts";
import { groupKey, SubscriptionGroups } from "../src/core/operation/subscription-groups.ts";
import type { Viewer } from "../src/core/permissions/viewer.ts";
import type { Principal } from "../src/core/principal.ts";
import { CLOSE, type CloseEvent } from "../src/core/protocol/close-events.ts";
import { encodeServerMessage } from "../src/core/protocol/codec.ts";
import type { SubscribePayload } from "../src/core/protocol/messages.ts";
import { nextFrame, nextFrameHead } from "../src/core/protocol/next-frame.ts";
import {
  nextOrder,
  type ResumeState,
  type StoredOperation,
  withOperation,
  withoutOperation,
  withResumeState,
} from "../src/core/protocol/session.ts";
import { operationError } from "../src/core/protocol/step.ts";
import type { LogRow } from "../src/core/pubsub/replay-log.ts";
import type { DocumentCount } from "../src/core/pubsub/workspace.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import { CatchUp } from "./catch-up.ts";
import { clearAway } from "./clear-away.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { Delivery, logUndeliverable, readRow } from "./delivery.ts";
import { OperationAdmission } from "./operation-admission.ts";
import { PositionTeller } from "./position-teller.ts";
import { resumePoint } from "./resume-point.ts";
import type { RunningOperation } from "./running-operation.ts";
import { SlowReaders } from "./slow-readers.ts";
import { StreamHolders } from "./stream-holders.ts";
import type { UnreadBytes } from "./unread-bytes.ts";
import type { WorkspaceLog } from "./workspace-log.ts";

/** What subscriptions need of their workspace. */
export interface SubscriptionsContext {
  readonly catalogues: { readonly client: Catalogue; readonly server: Catalogue };
  readonly connections: Connections;
  readonly limits: Limits;
  readonly log: WorkspaceLog;
  readonly unread: UnreadBytes;
  readonly streams: EventStreams;
  /** What a caller may see now. */
  readonly viewerOf: (principal: Principal) => Viewer;
  /** Makes sure that the object wakes in time for a socket. */
  readonly schedule: (connection: Connection) => void;
  readonly wakeBy: (at: number) => void;
}

/** The running operations of all sockets of a workspace: live, or on their way through the log. */
export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #admissions: { readonly client: OperationAdmission; readonly server: OperationAdmission };
  readonly #groups: SubscriptionGroups<RunningOperation>;
  readonly #teller: PositionTeller;
  readonly #holders: StreamHolders;
  readonly #slowReaders: SlowReaders;
  readonly #delivery: Delivery;
  readonly #catchUp: CatchUp;

  constructor(context: SubscriptionsContext) {
    const { catalogues, connections, limits, log, unread, streams, schedule, wakeBy } = context;
    const close = (connection: Connection, event: CloseEvent) => this.close(connection, event);
    this.#context = context;
    this.#admissions = {
      client: new OperationAdmission(catalogues.client, connections, limits, streams),
      server: new OperationAdmission(catalogues.server, connections, limits, streams),
    };
    const fields = [...catalogues.client.subscriptions.values(), ...catalogues.server.subscriptions.values()];
    const { workspaceId, positionAt } = log;
    this.#groups = new SubscriptionGroups({
      undeliverable: (offset, thrown) => logUndeliverable(workspaceId, offset, thrown),
      // Two of them fit into a frame of a client that takes batches.
      maxPayloadBytes: limits.MAX_BATCH_FRAME_BYTES / 2,
      sleeping: connections,
    });
    this.#holders = new StreamHolders(streams, wakeBy);
    this.#teller = new PositionTeller(log);
    const toCatchUp = (operation: RunningOperation) => {
      this.#leaveGroup(operation);
      this.#catchUp.add(operation);
    };
    this.#slowReaders = new SlowReaders({ limits, connections, unread, schedule, toCatchUp, close });
    this.#delivery = new Delivery({
      ...{ workspaceId, fields, streams, limits, positionAt, close },
      groups: this.#groups,
      slowReaders: this.#slowReaders,
    });
    this.#catchUp = new CatchUp({
      ...{ workspaceId, limits, streams, unread, positionAt, close },
      log: log.open,
      read: readRow,
      give: (operation, payload, now) => this.#delivery.replay(operation, payload, now),
      advance: (operation, cursor) => this.#setResume(operation, { cursor }),
      goLive: (operation, how) => this.#goLive(operation, how),
      setSlow: (connection, isSlow, now) => this.#slowReaders.setSlow(connection, isSlow, now),
    });
    connections.takeUpWith((connection) => this.#takeUp(connection));
  }

  get catchingUp(): number {
    return this.#catchUp.size;
  }

  countByField(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { running } of this.#context.connections) {
      for (const { plan } of running.values()) counts[plan.field.name] = (counts[plan.field.name] ?? 0) + 1;
    }
    return counts;
  }

  /** The documents that most operations run with. */
  countByDocument(): Promise<DocumentCount[]> {
    return countByDocument(this.#plans());
  }

  *#plans(): Iterable<SubscriptionPlan> {
    for (const { running } of this.#context.connections) {
      for (const { plan } of running.values()) yield plan;
    }
  }

  /** Starts an operation, or ends it with an `error` message of its own. The id is free: the protocol step saw to it. */
  start(connection: Connection, id: string, payload: SubscribePayload, now: number): void {
    const { session } = connection.state;
    if (session.state !== "ready") return;
    // The limits of all count, and equal operations share a plan.
    this.#context.connections.rouseAll();
    const { query: document, operationName, variables, extensions } = payload;
    const requested = {
      document,
      variables: canonicalJson(variables ?? {}),
      order: nextOrder(session),
      ...(operationName !== undefined && { operationName }),
    };
    const { principal } = connection.state;
    const viewer = this.#context.viewerOf(principal);
    const point = resumePoint(extensions, this.#context.log);
    const key = groupKey(viewer.key, point instanceof Error ? requested : { ...requested, ...point });
    const admission = this.#admissionOf(connection);
    const planned = admission.plan(connection, requested, now, this.#groups.get(key)?.plan);
    if (planned.type === "failed") return this.#sendErrors(connection, id, planned.errors);
    if (planned.type === "result") {
      connection.send(nextFrame(nextFrameHead(id), JSON.stringify(planned.result)));
      return connection.send(encodeServerMessage({ id, type: "complete" }));
    }
    const { plan } = planned;
    if (point instanceof Error) return this.#sendErrors(connection, id, [point]);
    const refused = refusal(plan, principal, viewer) ?? admission.refuse(connection, key, plan, requested);
    if (refused !== undefined) return this.#sendErrors(connection, id, [refused]);
    const begun = this.#holders.take(plan, point, principal, this.#context.log, now);
    if (begun instanceof Error) return this.#sendErrors(connection, id, [begun]);
    const { isGap, ...state } = begun;
    // Equal documents are in memory once, whichever frames they came in.
    const operation: StoredOperation = { ...requested, document: plan.document.source, ...state };
    connection.updateReady((ready) => withOperation(ready, id, operation));
    const running = this.#enter({ connection, id, key, plan, viewer }, operation);
    const initial = executeInitialValue(plan);
    if (initial !== undefined) connection.send(nextFrame(running.head, initial));
    if (running.group?.positions) this.#teller.announce(running, isGap ? "gap" : "complete");
    this.#catchUp.run(now);
  }

  /** Ends one operation. */
  stop(connection: Connection, id: string): void {
    const operation = connection.running.get(id);
    if (operation === undefined) return;
    connection.running.delete(id);
    this.#admissionOf(operation.connection).leave(operation);
    this.#catchUp.delete(operation);
    this.#leaveGroup(operation);
    this.#holders.release(operation, Date.now());
  }

  /** Ends whatever a socket has here: it is closed, or gone. */
  drop(connection: Connection): void {
    const { workspaceId } = this.#context.log;
    for (const id of connection.running.keys()) clearAway(workspaceId, () => this.stop(connection, id));
  }

  close(connection: Connection, event: CloseEvent): void {
    const { connections, unread } = this.#context;
    this.drop(connection);
    connections.close(connection, event);
    unread.leave(connection, Date.now());
  }

  /** Sends messages that have just been written, in the same turn. */
  deliver(rows: readonly LogRow[], now: number): void {
    this.#delivery.deliver(rows, now);
    this.#catchUp.run(now);
  }

  /** Tells whoever is live how far the log has come, so that all can resume from there. */
  reportPositions(): void {
    this.#teller.report(this.#context.connections);
  }

  /** The edge says that a relayed client reads too slowly, or that it has caught up with its bytes. */
  setBackpressure(connection: Connection, isOn: boolean, now: number): void {
    this.#slowReaders.setSlowAtEdge(connection, isOn, this.#context.log.open().head, now);
    this.#catchUp.run(now);
  }

  /** Goes on with what the wake found unfinished. */
  goOn(now: number): void {
    const { streams, log } = this.#context;
    clearAway(log.workspaceId, () => this.#holders.releaseOthers(now));
    clearAway(log.workspaceId, () => streams.forgetOutgrown());
    for (const operation of this.#holders.outgrown()) this.#tellGap(operation);
    this.#catchUp.run(now);
  }

  /** Lets go of event streams whose time is over. */
  expireStreams(now: number): void {
    this.#holders.expire(now);
  }

  /** Permissions have changed: from here on everybody sees what is allowed now, and what is forbidden now ends. */
  changeViewers(): void {
    for (const connection of this.#context.connections) this.changeViewersOf(connection);
  }

  /** The same for one socket, whose caller may be told apart by what stands in its newer token. */
  changeViewersOf(connection: Connection): void {
    try {
      this.#changeViewersOf(connection);
    } catch (thrown) {
      // It would go on to see, and those after it as well, what is forbidden now.
      const { workspaceId } = this.#context.log;
      console.error({
        message: "Permissions could not be changed for a socket",
        workspaceId,
        error: messageOf(thrown),
      });
      this.close(connection, CLOSE.RESTART);
    }
  }

  #changeViewersOf(connection: Connection): void {
    const { principal } = connection.state;
    const viewer = this.#context.viewerOf(principal);
    for (const operation of [...connection.running.values()]) {
      const forbidden = refusal(operation.plan, principal, viewer);
      if (forbidden !== undefined) this.#end(operation, () => this.#sendErrors(connection, operation.id, [forbidden]));
      else if (operation.viewer.key !== viewer.key) this.#changeViewer(operation, viewer);
    }
  }

  /** Takes up the operations of a socket after a wake. One that no longer holds ends; a wake never fails because of it. */
  #takeUp(connection: Connection): void {
    const { principal } = connection.state;
    const viewer = this.#context.viewerOf(principal);
    for (const [id, operation] of connection.operations) {
      const key = groupKey(viewer.key, operation);
      const plan = this.#groups.get(key)?.plan ?? this.#planAgain(connection, operation);
      // A deploy may have changed the settings: what a caller may not ask for any more is not taken up.
      const forbidden = plan && refusal(plan, principal, viewer);
      if (plan !== undefined && forbidden === undefined) {
        this.#enter({ connection, id, key, plan, viewer }, operation);
        continue;
      }
      connection.updateReady((ready) => withoutOperation(ready, id));
      this.#context.connections.save(connection);
      if (forbidden !== undefined) {
        this.#sendErrors(connection, id, [forbidden]);
        continue;
      }
      const outdated = "The gateway has changed and no longer runs this operation; subscribe again.";
      connection.send(encodeServerMessage(operationError(id, "OPERATION_OUTDATED", outdated)));
    }
  }

  /** What a caller may ask for hangs on its kind alone: no client reaches what is for servers, and no server the rest. */
  #admissionOf({ state }: Connection): OperationAdmission {
    return state.principal.kind === "server" ? this.#admissions.server : this.#admissions.client;
  }

  #planAgain(connection: Connection, operation: StoredOperation): SubscriptionPlan | undefined {
    const planned = this.#admissionOf(connection).planAgain(operation);
    return planned.type === "subscription" ? planned.plan : undefined;
  }

  /** Puts an operation among the live ones, or among those that catch up. */
  #enter(
    wanted: Pick<RunningOperation, "connection" | "id" | "key" | "plan" | "viewer">,
    stored: StoredOperation,
  ): RunningOperation {
    const { connection, id, viewer } = wanted;
    // Equal operations share these, so that a document and its variables are in memory once.
    const { key, plan } = this.#groups.get(wanted.key) ?? wanted;
    const streamId = plan.field.streamOf?.(plan.args);
    const head = nextFrameHead(id);
    const operation: RunningOperation = {
      connection,
      head,
      told: undefined,
      id,
      viewer,
      key,
      plan,
      streamId,
      group: undefined,
    };
    connection.running.set(id, operation);
    this.#admissionOf(operation.connection).enter(operation);
    const older = this.#holders.hold(operation);
    if (older !== undefined) {
      this.#end(older, () => older.connection.send(encodeServerMessage({ id: older.id, type: "complete" })));
    }
    if (stored.resume?.cursor === undefined) this.#joinGroup(operation, stored);
    else this.#catchUp.add(operation);
    return operation;
  }

  #joinGroup(operation: RunningOperation, { resume }: StoredOperation): void {
    const group = this.#groups.open(operation.key, operation.plan, operation.viewer, resume !== undefined);
    group.members.add(operation);
    operation.group = group;
  }

  #leaveGroup(operation: RunningOperation): void {
    if (operation.group !== undefined) this.#groups.leave(operation.group, operation);
    operation.group = undefined;
  }

  /** Tells a client that asked for positions to begin anew, wherever in the log it is. */
  #tellGap(operation: RunningOperation): void {
    const { connection, id } = operation;
    if (connection.operations.get(id)?.resume === undefined) return;
    this.#catchUp.delete(operation);
    this.#goLive(operation, "gap");
  }

  #goLive(operation: RunningOperation, how: "complete" | "gap"): void {
    this.#setResume(operation, {});
    const stored = operation.connection.operations.get(operation.id);
    if (stored === undefined) return;
    this.#joinGroup(operation, stored);
    this.#teller.announce(operation, how);
  }

  #setResume({ connection, id }: RunningOperation, resume: ResumeState): void {
    connection.updateReady((ready) => withResumeState(ready, id, resume));
    this.#context.connections.save(connection);
  }

  /** Ends an operation from our side. */
  #end({ connection, id }: RunningOperation, tell: () => void): void {
    this.stop(connection, id);
    connection.updateReady((ready) => withoutOperation(ready, id));
    this.#context.connections.save(connection);
    tell();
  }

  #changeViewer(operation: RunningOperation, viewer: Viewer): void {
    const stored = operation.connection.operations.get(operation.id);
    if (stored === undefined) return;
    const isLive = operation.group !== undefined;
    this.#leaveGroup(operation);
    this.#admissionOf(operation.connection).leave(operation);
    operation.viewer = viewer;
    operation.key = groupKey(viewer.key, stored);
    this.#admissionOf(operation.connection).enter(operation);
    if (isLive) this.#joinGroup(operation, stored);
  }

  #sendErrors(connection: Connection, id: string, errors: readonly GraphQLError[]): void {
    const payload = errors.map((error) => error.toJSON());
    connection.send(JSON.stringify({ id, type: "error", payload }));
  }
}
