import type { GraphQLError } from "graphql";
import type { Limits } from "../src/core/limits.ts";
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import { DocumentCache } from "../src/core/operation/document-cache.ts";
import { type OperationPlan, planOperation } from "../src/core/operation/plan-operation.ts";
import { codedError } from "../src/core/operation/prepare-document.ts";
import type { StoredOperation } from "../src/core/protocol/session.ts";
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

  constructor(catalogue: Catalogue, connections: Connections, limits: Limits) {
    this.#catalogue = catalogue;
    this.#connections = connections;
    this.#limits = limits;
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
    return this.planAgain(operation);
  }

  /** The plan of an operation that was admitted before. */
  planAgain(operation: StoredOperation): OperationPlan {
    return planOperation(this.#catalogue, this.#documents.prepare(operation.document), operation);
  }

  /** Why an operation cannot be kept on top of those that run; undefined when it can. */
  refuseForSize(connection: Connection, operation: StoredOperation): GraphQLError | undefined {
    const limits = this.#limits;
    const bytes = keptBytesOf(operation);
    if (this.#exceedsIdentity(connection, bytes)) {
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

  /** The servers of a workspace are one caller that acts for all its users: for them the workspace's limit is the one. */
  #exceedsIdentity({ identity, state }: Connection, bytes: number): boolean {
    if (state.principal.kind === "server") return false;
    let total = bytes;
    for (const peer of this.#connections.ofIdentity(identity)) total += peer.keptBytes;
    return total > this.#limits.MAX_KEPT_BYTES_PER_IDENTITY;
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
