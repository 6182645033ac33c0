import type { GraphQLError } from "graphql";
import type { Limits } from "../src/core/limits.ts";
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import { codedError } from "../src/core/operation/coded-error.ts";
import { DocumentCache } from "../src/core/operation/document-cache.ts";
import { DocumentTally } from "../src/core/operation/document-tally.ts";
import type { OperationContext } from "../src/core/operation/operation-context.ts";
import { OperationTally } from "../src/core/operation/operation-tally.ts";
import { type OperationPlan, planOperation, type SubscriptionPlan } from "../src/core/operation/plan-operation.ts";
import type { PreparedDocument } from "../src/core/operation/prepare-document.ts";
import type { StoredOperation } from "../src/core/protocol/session.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import { isLargerThan } from "../src/core/text-size.ts";
import { takeToken } from "../src/core/token-bucket.ts";
import { type Connection, keptBytesOf } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { RunningOperation } from "./running-operation.ts";

/** Decides whether an operation may run, and makes its plan: each document is parsed and validated once. */
export class OperationAdmission {
  readonly #catalogue: Catalogue;
  readonly #connections: Connections;
  readonly #documents: DocumentCache;
  readonly #limits: Limits;
  readonly #streams: EventStreams;
  /** The documents of all that run. Counted again at every wake. */
  readonly #documentsInUse = new DocumentTally();
  /** What runs of each caller that has asked for something since the wake. */
  readonly #byIdentity = new Map<string, OperationTally>();

  constructor(catalogue: Catalogue, connections: Connections, limits: Limits, streams: EventStreams) {
    this.#catalogue = catalogue;
    this.#connections = connections;
    this.#limits = limits;
    this.#streams = streams;
    this.#documents = new DocumentCache(catalogue, limits);
  }

  /**
   * The plan of an operation that a client asks for now.
   * @param running the plan of an equal operation that runs
   */
  plan(connection: Connection, operation: StoredOperation, now: number, running?: SubscriptionPlan): OperationPlan {
    const { MAX_VARIABLES_BYTES, MAX_UNCACHED_DOCUMENTS_PER_SECOND: perSecond } = this.#limits;
    if (isLargerThan(operation.variables, MAX_VARIABLES_BYTES)) {
      const allowed = `Variables may have ${MAX_VARIABLES_BYTES} bytes (MAX_VARIABLES_BYTES).`;
      return { type: "failed", errors: [codedError("VARIABLES_TOO_LARGE", allowed)] };
    }
    const known = this.#known(operation.document);
    const isCheap = known !== undefined && (known.document === undefined || !known.asksForSchema);
    if (!isCheap && !this.#takeDocument(connection, perSecond, now)) {
      const rate = `${perSecond} times a second (MAX_UNCACHED_DOCUMENTS_PER_SECOND)`;
      const allowed = `A socket may bring new documents, or ask for the schema, ${rate}; send this one again later.`;
      return { type: "failed", errors: [codedError("TOO_FAST", allowed)] };
    }
    if (running !== undefined) return { type: "subscription", plan: running };
    return planOperation(this.#catalogue, this.#prepare(operation), operation, this.#contextOf(connection, now));
  }

  /** The plan of an operation that was admitted before. */
  planAgain(operation: StoredOperation): OperationPlan {
    return planOperation(this.#catalogue, this.#prepare(operation), operation);
  }

  /** Why an operation cannot run on top of those that do; undefined when it can. */
  refuse(
    { identity, state }: Connection,
    key: string,
    plan: SubscriptionPlan,
    requested: Pick<StoredOperation, "document" | "variables">,
  ): GraphQLError | undefined {
    const limits = this.#limits;
    const bytes = keptBytesOf(requested);
    const ofIdentity = this.#tallyOf(identity).with(key, plan.document);
    const { MAX_DISTINCT_OPERATIONS_PER_IDENTITY: distinct } = limits;
    // The servers of a workspace are one caller that acts for all its users: for them the workspace's limit is the one.
    const isServer = state.principal.kind === "server";
    if (!isServer && ofIdentity.operations > distinct) {
      return tooMany(`One caller may run ${distinct} different operations (MAX_DISTINCT_OPERATIONS_PER_IDENTITY).`);
    }
    const ofCaller = this.#connections.keptBytesOf(identity) + this.#streams.keptBytesOf(identity);
    if (!isServer && ofCaller + ofIdentity.documentBytes + bytes > limits.MAX_KEPT_BYTES_PER_IDENTITY) {
      return tooMany("The operations of one caller are too large together (MAX_KEPT_BYTES_PER_IDENTITY).");
    }
    const ofAll = this.#connections.keptBytes + this.#streams.keptBytes;
    if (ofAll + this.#documentsInUse.bytesWith(plan.document) + bytes > limits.MAX_KEPT_BYTES_PER_WORKSPACE) {
      return tooMany("The operations of the workspace are too large together (MAX_KEPT_BYTES_PER_WORKSPACE).");
    }
    return undefined;
  }

  /** What a query or mutation of a socket may call. */
  #contextOf({ identity, state }: Connection, now: number): OperationContext {
    return {
      workspaceId: state.principal.workspaceId,
      addQuery: (stream, query, signature) => this.#streams.addQuery(stream, identity, query, signature, now),
      removeQuery: (stream, query) => this.#streams.removeQuery(stream, identity, query, now),
    };
  }

  /** Counts an operation that begins to run. */
  enter({ connection: { identity }, key, plan: { document } }: RunningOperation): void {
    this.#documentsInUse.add(document);
    this.#byIdentity.get(identity)?.add(key, document);
  }

  /** Counts an operation no longer that ends, however it does. */
  leave({ connection: { identity }, key, plan: { document } }: RunningOperation): void {
    this.#documentsInUse.delete(document);
    if (this.#documentsInUse.get(document.source) === undefined) document.projections.forget();
    const ofIdentity = this.#byIdentity.get(identity);
    ofIdentity?.delete(key, document);
    if (ofIdentity?.operations === 0) this.#byIdentity.delete(identity);
  }

  /** Of what runs now; from here on it is kept by `enter` and `leave`. */
  #tallyOf(identity: string): OperationTally {
    const known = this.#byIdentity.get(identity);
    if (known !== undefined) return known;
    const tally = new OperationTally();
    for (const { running } of this.#connections.ofIdentity(identity)) {
      for (const { key, plan } of running.values()) tally.add(key, plan.document);
    }
    this.#byIdentity.set(identity, tally);
    return tally;
  }

  #prepare({ document }: StoredOperation): PreparedDocument {
    return this.#known(document) ?? this.#documents.prepare(document);
  }

  /** A document that runs stays known, whatever else the cache has to forget: equal ones are in memory once. */
  #known(source: string): PreparedDocument | undefined {
    return this.#documentsInUse.get(source) ?? this.#documents.get(source);
  }

  #takeDocument(connection: Connection, perSecond: number, now: number): boolean {
    const { session } = connection.state;
    if (session.state !== "ready") return false;
    const documentRate = takeToken(session.documentRate, perSecond, perSecond, now);
    if (documentRate === undefined) return false;
    connection.updateReady((ready) => ({ ...ready, documentRate }));
    return true;
  }
}

function tooMany(message: string): GraphQLError {
  return codedError("TOO_MANY_OPERATIONS", message);
}
