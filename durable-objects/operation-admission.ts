import type { GraphQLError } from "graphql";
import type { Limits } from "../src/core/limits.ts";
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import { DocumentCache } from "../src/core/operation/document-cache.ts";
import type { OperationContext } from "../src/core/operation/operation-context.ts";
import { type OperationPlan, planOperation } from "../src/core/operation/plan-operation.ts";
import { codedError } from "../src/core/operation/prepare-document.ts";
import type { StoredOperation } from "../src/core/protocol/session.ts";
import type { EventStreams } from "../src/core/streams/event-streams.ts";
import { isLargerThan } from "../src/core/text-size.ts";
import { takeToken } from "../src/core/token-bucket.ts";
import { type Connection, keptBytesOf } from "./connection.ts";
import type { Connections } from "./connections.ts";

/** Decides whether an operation may run, and makes its plan: each document is parsed and validated once. */
export class OperationAdmission {
  readonly #catalogue: Catalogue;
  readonly #connections: Connections;
  readonly #documents: DocumentCache;
  readonly #limits: Limits;
  readonly #streams: EventStreams;

  constructor(catalogue: Catalogue, connections: Connections, limits: Limits, streams: EventStreams) {
    this.#catalogue = catalogue;
    this.#connections = connections;
    this.#limits = limits;
    this.#streams = streams;
    this.#documents = new DocumentCache(catalogue.schema, limits);
  }

  /** The plan of an operation that a client asks for now. */
  plan(connection: Connection, operation: StoredOperation, now: number): OperationPlan {
    const { MAX_VARIABLES_BYTES, MAX_UNCACHED_DOCUMENTS_PER_SECOND: perSecond } = this.#limits;
    if (isLargerThan(operation.variables, MAX_VARIABLES_BYTES)) {
      const allowed = `Variables may have ${MAX_VARIABLES_BYTES} bytes (MAX_VARIABLES_BYTES).`;
      return { type: "failed", errors: [codedError("VARIABLES_TOO_LARGE", allowed)] };
    }
    if (!this.#documents.has(operation.document) && !this.#mayPrepare(connection, perSecond, now)) {
      const allowed = `A socket may bring ${perSecond} new documents a second; send this one again later.`;
      return { type: "failed", errors: [codedError("TOO_FAST", allowed)] };
    }
    return planOperation(
      this.#catalogue,
      this.#documents.prepare(operation.document),
      operation,
      this.#contextOf(connection, now),
    );
  }

  /** The plan of an operation that was admitted before. */
  planAgain(operation: StoredOperation): OperationPlan {
    return planOperation(this.#catalogue, this.#documents.prepare(operation.document), operation);
  }

  /** Why an operation cannot be kept on top of those that run; undefined when it can. */
  refuseForSize(
    connection: Connection,
    operation: Pick<StoredOperation, "document" | "variables">,
  ): GraphQLError | undefined {
    const limits = this.#limits;
    const bytes = keptBytesOf(operation);
    const ofIdentity = this.#connections.keptBytesOf(connection.identity);
    if (ofIdentity + this.#streams.keptBytesOf(connection.identity) + bytes > limits.MAX_KEPT_BYTES_PER_IDENTITY) {
      return codedError(
        "TOO_MANY_OPERATIONS",
        "The operations of one caller are too large together (MAX_KEPT_BYTES_PER_IDENTITY).",
      );
    }
    if (this.#connections.keptBytes + this.#streams.keptBytes + bytes > limits.MAX_KEPT_BYTES_PER_WORKSPACE) {
      return codedError(
        "TOO_MANY_OPERATIONS",
        "The operations of the workspace are too large together (MAX_KEPT_BYTES_PER_WORKSPACE).",
      );
    }
    return undefined;
  }

  /** What a query or mutation of a socket may call. */
  #contextOf({ identity }: Connection, now: number): OperationContext {
    return {
      addQuery: (stream, query, signature) => this.#streams.addQuery(stream, identity, query, signature, now),
      removeQuery: (stream, query) => this.#streams.removeQuery(stream, identity, query, now),
    };
  }

  #mayPrepare(connection: Connection, perSecond: number, now: number): boolean {
    const { session } = connection.state;
    if (session.state !== "ready") return false;
    const documentRate = takeToken(session.documentRate, perSecond, perSecond, now);
    if (documentRate === undefined) return false;
    connection.updateReady((ready) => ({ ...ready, documentRate }));
    return true;
  }
}
