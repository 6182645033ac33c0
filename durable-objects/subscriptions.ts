import type { GraphQLError } from "graphql";
import { messageOf } from "../src/core/errors.ts";
import { canonicalJson } from "../src/core/json.ts";
import type { Limits } from "../src/core/limits.ts";
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import { codedError } from "../src/core/operation/coded-error.ts";
import { countByDocument } from "../src/core/operation/count-by-document.ts";
import { refusal, type SubscriptionPlan } from "../src/core/operation/plan-operation.ts";
import {
  groupKey,
  type LoggedMessage,
  type Payload,
  SubscriptionGroups,
} from "../src/core/operation/subscription-groups.ts";
import { CLOSE, type CloseEvent, closeWith } from "../src/core/protocol/close-events.ts";
import { encodeServerMessage } from "../src/core/protocol/codec.ts";
import type { SubscribePayload } from "../src/core/protocol/messages.ts";
import { nextFrame, nextFrameHead } from "../src/core/protocol/next-frame.ts";
import { gapPing, positionPing } from "../src/core/protocol/position-pings.ts";
import { parseResumeRequest } from "../src/core/protocol/resume-request.ts";
import {
  nextOrder,
  type ResumeState,
  type StoredOperation,
  withOperation,
  withoutOperation,
  withResumeState,
} from "../src/core/protocol/session.ts";
import { operationError } from "../src/core/protocol/step.ts";
import type { Message } from "../src/core/pubsub/message.ts";
import type { LogRow } from "../src/core/pubsub/replay-log.ts";
import type { DocumentCount } from "../src/core/pubsub/workspace.ts";
import { takeToken } from "../src/core/token-bucket.ts";
import { CatchUp } from "./catch-up.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { OperationAdmission } from "./operation-admission.ts";
import type { RunningOperation } from "./running-operation.ts";
import { UnreadBytes } from "./unread-bytes.ts";
import type { WorkspaceLog } from "./workspace-log.ts";

/** Everybody sees the same until a workspace has permissions that tell callers apart. */
const PERMISSION_CLASS = "open";

/** What subscriptions need of their workspace. */
export interface SubscriptionsContext {
  readonly catalogue: Catalogue;
  readonly connections: Connections;
  readonly limits: Limits;
  readonly log: WorkspaceLog;
  /** Whether record events reach anybody here. */
  readonly deliversRecords: () => boolean;
  /** Makes sure that the object wakes in time for a socket. */
  readonly schedule: (connection: Connection) => void;
}

/** The running operations of all sockets of a workspace: live, or on their way through the log. */
export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #admission: OperationAdmission;
  readonly #groups = new SubscriptionGroups<RunningOperation>();
  readonly #unread: UnreadBytes;
  readonly #catchUp: CatchUp;

  constructor(context: SubscriptionsContext) {
    const { catalogue, connections, limits, log } = context;
    this.#context = context;
    this.#admission = new OperationAdmission(catalogue, connections, limits);
    this.#unread = new UnreadBytes(limits);
    this.#catchUp = new CatchUp({
      limits,
      unread: this.#unread,
      log: log.open,
      read: readRow,
      positionAt: log.positionAt,
      delivers: ({ plan }) => !plan.field.carriesRecords || context.deliversRecords(),
      give: (operation, payload, now) => this.#replay(operation, payload, now),
      advance: (operation, cursor) => this.#setResume(operation, { cursor }),
      goLive: (operation, how) => this.#goLive(operation, how),
      setSlow: (connection, isSlow, now) => this.#setSlow(connection, isSlow, now),
    });
    for (const connection of connections) this.#takeUp(connection);
  }

  /** Whether so much waits for a socket that not even its own requests are answered any more. */
  isFlooded(connection: Connection, now: number): boolean {
    return this.#unread.isFlooded(connection, now);
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
    const { query: document, operationName, variables, extensions } = payload;
    const requested = {
      document,
      variables: canonicalJson(variables ?? {}),
      order: nextOrder(session),
      ...(operationName !== undefined && { operationName }),
    };
    const planned = this.#admission.plan(connection, requested, now);
    if (planned.type === "failed") return this.#sendErrors(connection, id, planned.errors);
    if (planned.type === "result") {
      connection.send(nextFrame(nextFrameHead(id), JSON.stringify(planned.result)));
      return connection.send(encodeServerMessage({ id, type: "complete" }));
    }
    const resume = this.#resumeFrom(extensions);
    if (resume instanceof Error) return this.#sendErrors(connection, id, [resume]);
    const { isGap, ...state } = resume;
    const operation: StoredOperation = { ...requested, ...state };
    const key = groupKey(PERMISSION_CLASS, operation);
    const refused =
      refusal(planned.plan, connection.state.principal) ??
      this.#admission.refuse(connection, key, planned.plan, operation);
    if (refused !== undefined) return this.#sendErrors(connection, id, [refused]);
    connection.updateReady((ready) => withOperation(ready, id, operation));
    this.#run(connection, id, operation, planned.plan, isGap ? "gap" : "complete");
    this.#catchUp.run(now);
  }

  /** Ends one operation. */
  stop(connection: Connection, id: string): void {
    const operation = connection.running.get(id);
    if (operation === undefined) return;
    connection.running.delete(id);
    this.#admission.leave(operation);
    this.#catchUp.delete(operation);
    this.#leaveGroup(operation);
  }

  /** Ends whatever a socket has here: it is closed, or gone. */
  drop(connection: Connection): void {
    for (const id of connection.running.keys()) this.stop(connection, id);
    this.#unread.forget(connection);
  }

  close(connection: Connection, event: CloseEvent): void {
    this.drop(connection);
    this.#context.connections.close(connection, event);
  }

  /** Sends messages that have just been written, in the same turn. */
  deliver(rows: readonly LogRow[], now: number): void {
    const { catalogue, deliversRecords, log } = this.#context;
    const touched = new Set<Connection>();
    if (this.#groups.size > 0) {
      const heard = [...catalogue.subscriptions.values()].filter((field) => !field.carriesRecords || deliversRecords());
      for (const row of rows) {
        try {
          const logged = readRow(row);
          const fields = heard.filter(({ listensTo }) => listensTo === logged.message.kind);
          this.#groups.deliver(logged, fields, log.positionAt, (operation, payload) =>
            this.#giveLive(operation, payload, touched, now),
          );
        } catch (thrown) {
          // The row is written: whoever published it must not be told otherwise.
          console.error({ message: "An event cannot be delivered", offset: row.offset, error: messageOf(thrown) });
        }
      }
    }
    for (const connection of touched) connection.flush();
    this.#catchUp.run(now);
  }

  /** Tells those who were told less than `offset` how far the log has come, so that they can resume from there. */
  reportPositions(offset: number): void {
    const { connections, log } = this.#context;
    const head = log.open().head;
    for (const { running } of connections) {
      for (const operation of running.values()) {
        if (operation.group?.positions && (operation.told ?? 0) <= offset) this.#tell(operation, head);
      }
    }
  }

  /** The edge says that a relayed client reads too slowly, or that it has caught up with its bytes. */
  setBackpressure(connection: Connection, isOn: boolean, now: number): void {
    // Said again: the time that the reader has runs from the first time.
    if (isOn && connection.state.isSlowAtEdge) return;
    if (isOn) return this.#fallBehind(connection, this.#context.log.open().head, "edge", now);
    if (!connection.state.isSlowAtEdge) return;
    connection.clear("drainBy", "isSlowAtEdge");
    this.#context.connections.save(connection);
    this.#catchUp.run(now);
  }

  /** Goes on with what the wake found unfinished. */
  goOn(now: number): void {
    this.#catchUp.run(now);
  }

  /** Takes up the operations of a socket after a wake. One that no longer holds ends; a wake never fails because of it. */
  #takeUp(connection: Connection): void {
    for (const [id, operation] of connection.operations) {
      const key = groupKey(PERMISSION_CLASS, operation);
      const plan = this.#groups.get(key)?.plan ?? this.#planAgain(operation);
      if (plan !== undefined) {
        this.#enter(connection, id, operation, plan);
        continue;
      }
      connection.updateReady((ready) => withoutOperation(ready, id));
      this.#context.connections.save(connection);
      const outdated = "The gateway has changed and no longer runs this operation; subscribe again.";
      connection.send(encodeServerMessage(operationError(id, "OPERATION_OUTDATED", outdated)));
    }
  }

  #planAgain(operation: StoredOperation): SubscriptionPlan | undefined {
    const planned = this.#admission.planAgain(operation);
    return planned.type === "subscription" ? planned.plan : undefined;
  }

  /** Where an operation begins that asked to resume. */
  #resumeFrom(extensions: SubscribePayload["extensions"]): { resume?: ResumeState; isGap: boolean } | GraphQLError {
    const request = parseResumeRequest(extensions);
    if (request.type === "none") return { isGap: false };
    if (request.type === "from-now") return { resume: {}, isGap: false };
    const { log } = this.#context;
    if (request.type === "malformed" || request.position.workspace !== log.workspaceTag) {
      return codedError("BAD_POSITION", "extensions.resume.after must be a position that this workspace gave.");
    }
    const { epoch, offset } = request.position;
    const { floor, head } = log.open();
    const isReachable = epoch === log.epoch() && offset >= floor && offset <= head;
    return isReachable ? { resume: { cursor: offset }, isGap: false } : { resume: {}, isGap: true };
  }

  /** Puts an operation to work. The client is told its position when it is live. */
  #run(
    connection: Connection,
    id: string,
    stored: StoredOperation,
    plan: SubscriptionPlan,
    how: "complete" | "gap",
  ): void {
    const operation = this.#enter(connection, id, stored, plan);
    if (operation.group?.positions) this.#announce(operation, how);
  }

  /** Puts an operation among the live ones, or among those that catch up. */
  #enter(connection: Connection, id: string, stored: StoredOperation, plan: SubscriptionPlan): RunningOperation {
    const key = groupKey(PERMISSION_CLASS, stored);
    // Equal operations share a plan, and so their variables are in memory once.
    const shared = this.#groups.get(key)?.plan ?? plan;
    const operation: RunningOperation = { connection, id, plan: shared, key, head: nextFrameHead(id) };
    connection.running.set(id, operation);
    this.#admission.enter(operation);
    if (stored.resume?.cursor === undefined) this.#joinGroup(operation, stored);
    else this.#catchUp.add(operation);
    return operation;
  }

  #joinGroup(operation: RunningOperation, { resume }: StoredOperation): void {
    const group = this.#groups.open(operation.key, operation.plan, resume !== undefined);
    group.members.add(operation);
    operation.group = group;
  }

  #leaveGroup(operation: RunningOperation): void {
    if (operation.group !== undefined) this.#groups.leave(operation.group, operation);
    delete operation.group;
  }

  #goLive(operation: RunningOperation, how: "complete" | "gap"): void {
    this.#setResume(operation, {});
    const stored = operation.connection.operations.get(operation.id);
    if (stored === undefined) return;
    this.#joinGroup(operation, stored);
    this.#announce(operation, how);
  }

  #announce(operation: RunningOperation, how: "complete" | "gap"): void {
    const { head } = this.#context.log.open();
    if (how === "complete") return this.#tell(operation, head);
    operation.told = head;
    operation.connection.send(encodeServerMessage(gapPing(operation.id, this.#context.log.positionAt(head))));
  }

  #tell(operation: RunningOperation, offset: number): void {
    operation.told = offset;
    operation.connection.send(encodeServerMessage(positionPing(operation.id, this.#context.log.positionAt(offset))));
  }

  #setResume({ connection, id }: RunningOperation, resume: ResumeState): void {
    connection.updateReady((ready) => withResumeState(ready, id, resume));
    this.#context.connections.save(connection);
  }

  #giveLive(operation: RunningOperation, payload: Payload, touched: Set<Connection>, now: number): void {
    const { connection } = operation;
    if (!touched.has(connection)) {
      const { isSlowAtEdge } = connection.state;
      if (isSlowAtEdge || this.#unread.isTooSlow(connection, now))
        return this.#fallBehind(connection, payload.offset - 1, "here", now);
      touched.add(connection);
    }
    this.#give(operation, payload, now);
  }

  #replay(operation: RunningOperation, payload: Payload, now: number): void {
    const { connection } = operation;
    const { MAX_REPLAY_BYTES_PER_MINUTE: perMinute } = this.#context.limits;
    const replayed = takeToken(connection.replayed, perMinute / 60, perMinute, now, Math.min(payload.bytes, perMinute));
    if (replayed === undefined) {
      return this.close(
        connection,
        closeWith(CLOSE.OVERLOADED, `More than ${perMinute} bytes of replay a minute (MAX_REPLAY_BYTES_PER_MINUTE)`),
      );
    }
    connection.replayed = replayed;
    this.#give(operation, payload, now);
  }

  /** Sends data: to nobody whose token has expired, whether or not the alarm has been there yet. */
  #give(operation: RunningOperation, payload: Payload, now: number): void {
    const { connection } = operation;
    if (connection.closed) return;
    if (now >= connection.tokenExpiresAt) return this.close(connection, CLOSE.TOKEN_EXPIRED);
    const { MAX_BATCH_FRAME_BYTES, MAX_UNREAD_BYTES_PER_ISOLATE } = this.#context.limits;
    if (connection.turnBytes > MAX_UNREAD_BYTES_PER_ISOLATE) {
      return this.close(
        connection,
        closeWith(CLOSE.OVERLOADED, "More at once than a socket may be sent (MAX_UNREAD_BYTES_PER_ISOLATE)"),
      );
    }
    operation.told = payload.offset;
    // A head has one character per byte but for the id, which has three bytes per character at most.
    connection.queue(
      nextFrame(operation.head, payload.text),
      payload.bytes + 3 * operation.head.length,
      MAX_BATCH_FRAME_BYTES,
    );
  }

  /** A socket reads too slowly: it goes on from the log once it has drained, if all its operations can do that. */
  #fallBehind(connection: Connection, offset: number, where: "here" | "edge", now: number): void {
    const operations = [...connection.running.values()];
    const canResume = operations.every(({ id }) => connection.operations.get(id)?.resume !== undefined);
    if (!canResume)
      return this.close(connection, closeWith(CLOSE.OVERLOADED, "Reads too slowly (MAX_UNREAD_BYTES_PER_SOCKET)"));
    for (const operation of operations) {
      if (operation.group === undefined) continue;
      this.#leaveGroup(operation);
      connection.updateReady((ready) => withResumeState(ready, operation.id, { cursor: offset }));
      this.#catchUp.add(operation);
    }
    connection.update({ ...(where === "edge" && { isSlowAtEdge: true }) });
    this.#setSlow(connection, true, now);
  }

  #setSlow(connection: Connection, isSlow: boolean, now: number): void {
    const { limits, connections, schedule } = this.#context;
    if (isSlow) connection.update({ drainBy: now + limits.SLOW_READER_SECONDS * 1000 });
    else connection.clear("drainBy");
    connections.save(connection);
    schedule(connection);
  }

  #sendErrors(connection: Connection, id: string, errors: readonly GraphQLError[]): void {
    const payload = errors.map((error) => error.toJSON());
    connection.send(JSON.stringify({ id, type: "error", payload }));
  }
}

function readRow(row: LogRow): LoggedMessage {
  return { row, message: JSON.parse(row.body) as Message };
}
