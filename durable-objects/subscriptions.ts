import { canonicalJson } from "../src/core/json.ts";
import type { Limits } from "../src/core/limits.ts";
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import { DocumentCache } from "../src/core/operation/document-cache.ts";
import {
  type OperationPlan,
  planOperation,
  refusal,
  type SubscriptionPlan,
} from "../src/core/operation/plan-operation.ts";
import { codedError } from "../src/core/operation/prepare-document.ts";
import { groupKey, SubscriptionGroups } from "../src/core/operation/subscription-groups.ts";
import { encodeServerMessage } from "../src/core/protocol/codec.ts";
import type { SubscribePayload } from "../src/core/protocol/messages.ts";
import { nextFrame, nextFrameHead } from "../src/core/protocol/next-frame.ts";
import { nextOrder, type StoredOperation, withOperation, withoutOperation } from "../src/core/protocol/session.ts";
import { operationError } from "../src/core/protocol/step.ts";
import type { Message } from "../src/core/pubsub/message.ts";
import type { LogRow } from "../src/core/pubsub/replay-log.ts";
import { isLargerThan } from "../src/core/text-size.ts";
import { takeToken } from "../src/core/token-bucket.ts";
import { type Connection, keptBytesOf, type Membership } from "./connection.ts";
import type { Connections } from "./connections.ts";

/** Everybody sees the same until a workspace has permissions that tell callers apart. */
const PERMISSION_CLASS = "open";

/** The running operations of all sockets of a workspace. */
export class Subscriptions {
  readonly #catalogue: Catalogue;
  readonly #connections: Connections;
  readonly #documents: DocumentCache;
  readonly #groups = new SubscriptionGroups<Membership>();
  readonly #limits: Limits;

  constructor(catalogue: Catalogue, connections: Connections, limits: Limits) {
    this.#catalogue = catalogue;
    this.#connections = connections;
    this.#limits = limits;
    this.#documents = new DocumentCache(catalogue.schema, limits);
    for (const connection of connections) this.#resume(connection);
  }

  countByField(): Record<string, number> {
    return this.#groups.countByField();
  }

  /** Starts an operation, or ends it with an `error` message of its own. The id is free: the protocol step saw to it. */
  start(connection: Connection, id: string, payload: SubscribePayload, now: number): void {
    const { session } = connection.state;
    if (session.state !== "ready") return;
    const variables = canonicalJson(payload.variables ?? {});
    const { operationName } = payload;
    const operation = {
      document: payload.query,
      variables,
      order: nextOrder(session),
      ...(operationName !== undefined && { operationName }),
    };
    const planned = this.#plan(connection, operation, now);
    switch (planned.type) {
      case "failed":
        return this.#sendErrors(connection, id, planned.errors);
      case "result":
        connection.send(nextFrame(nextFrameHead(id), JSON.stringify(planned.result)));
        return connection.send(encodeServerMessage({ id, type: "complete" }));
      case "subscription": {
        const refused = refusal(planned.plan, connection.state.principal) ?? this.#refuseForSize(connection, operation);
        if (refused !== undefined) return this.#sendErrors(connection, id, [refused]);
        this.#join(connection, id, operation, planned.plan);
        connection.updateReady((ready) => withOperation(ready, id, operation));
      }
    }
  }

  /** Ends one operation's share in its group. */
  stop(connection: Connection, id: string): void {
    const membership = connection.memberships.get(id);
    if (membership === undefined) return;
    connection.memberships.delete(id);
    this.#groups.leave(membership.group, membership);
  }

  stopAll(connection: Connection): void {
    for (const id of connection.memberships.keys()) this.stop(connection, id);
  }

  /** Hands the frames of messages that are in the log to `send`, in order. */
  deliver(
    rows: readonly LogRow[],
    carriesRecords: boolean,
    send: (connection: Connection, frame: string) => void,
  ): void {
    if (this.#groups.size === 0) return;
    const fields = [...this.#catalogue.subscriptions.values()].filter(
      (field) => carriesRecords || !field.carriesRecords,
    );
    for (const { body, at } of rows) {
      const message = JSON.parse(body) as Message;
      const listening = fields.filter((field) => field.listensTo === message.kind);
      this.#groups.deliver(listening, message, at, ({ connection }, frame) => send(connection, frame));
    }
  }

  /** Takes up the operations of a socket after a wake. One that no longer holds ends; a wake never fails because of it. */
  #resume(connection: Connection): void {
    for (const [id, operation] of connection.operations) {
      const { document } = operation;
      const planned =
        this.#known(operation) ?? planOperation(this.#catalogue, this.#documents.prepare(document), operation);
      if (planned.type === "subscription") {
        this.#join(connection, id, operation, planned.plan);
        continue;
      }
      connection.updateReady((ready) => withoutOperation(ready, id));
      this.#connections.save(connection);
      const outdated = "The gateway has changed and no longer runs this operation; subscribe again.";
      connection.send(encodeServerMessage(operationError(id, "OPERATION_OUTDATED", outdated)));
    }
  }

  #plan(connection: Connection, operation: StoredOperation, now: number): OperationPlan {
    const limits = this.#limits;
    if (isLargerThan(operation.variables, limits.MAX_VARIABLES_BYTES)) {
      const allowed = `Variables may have ${limits.MAX_VARIABLES_BYTES} bytes (MAX_VARIABLES_BYTES).`;
      return { type: "failed", errors: [codedError("VARIABLES_TOO_LARGE", allowed)] };
    }
    const known = this.#known(operation);
    if (known !== undefined) return known;
    if (!this.#documents.has(operation.document) && !this.#mayPrepare(connection, now)) {
      const allowed = `A socket may bring ${limits.MAX_UNCACHED_DOCUMENTS_PER_SECOND} new documents a second; send it again later.`;
      return { type: "failed", errors: [codedError("TOO_FAST", allowed)] };
    }
    return planOperation(this.#catalogue, this.#documents.prepare(operation.document), operation);
  }

  /** The plan of a group that runs the same operation. */
  #known(operation: StoredOperation): OperationPlan | undefined {
    const group = this.#groups.get(groupKey(PERMISSION_CLASS, operation));
    return group && { type: "subscription", plan: group.plan };
  }

  #mayPrepare(connection: Connection, now: number): boolean {
    const { session } = connection.state;
    if (session.state !== "ready") return false;
    const rate = this.#limits.MAX_UNCACHED_DOCUMENTS_PER_SECOND;
    const documentRate = takeToken(session.documentRate, rate, rate, now);
    if (documentRate === undefined) return false;
    connection.updateReady((ready) => ({ ...ready, documentRate }));
    return true;
  }

  #refuseForSize(connection: Connection, operation: StoredOperation) {
    const limits = this.#limits;
    const bytes = keptBytesOf(operation);
    let ofIdentity = bytes;
    for (const peer of this.#connections.ofIdentity(connection.identity)) ofIdentity += peer.keptBytes;
    if (ofIdentity > limits.MAX_KEPT_BYTES_PER_IDENTITY) {
      return codedError(
        "TOO_MANY_OPERATIONS",
        "The operations of one caller are too large together (MAX_KEPT_BYTES_PER_IDENTITY).",
      );
    }
    if (this.#connections.keptBytes + bytes > limits.MAX_KEPT_BYTES_PER_WORKSPACE) {
      return codedError(
        "TOO_MANY_OPERATIONS",
        "The operations of the workspace are too large together (MAX_KEPT_BYTES_PER_WORKSPACE).",
      );
    }
    return undefined;
  }

  #join(connection: Connection, id: string, operation: StoredOperation, plan: SubscriptionPlan): void {
    const group = this.#groups.open(groupKey(PERMISSION_CLASS, operation), plan);
    const membership: Membership = { connection, group, head: nextFrameHead(id) };
    group.members.add(membership);
    connection.memberships.set(id, membership);
  }

  #sendErrors(connection: Connection, id: string, errors: readonly { toJSON(): object }[]): void {
    const payload = errors.map((error) => error.toJSON());
    connection.send(JSON.stringify({ id, type: "error", payload }));
  }
}
