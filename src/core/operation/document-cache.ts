import type { GraphQLSchema } from "graphql";
import { BoundedCache } from "../bounded-cache.ts";
import type { Limits } from "../limits.ts";
import type { Catalogue } from "./catalogue.ts";
import { type PreparedDocument, prepareDocument, socketDocumentLimits } from "./prepare-document.ts";

/** Parses and validates every document once, however many sockets send it; failures are remembered like successes. */
export class DocumentCache {
  readonly #documents: BoundedCache<PreparedDocument>;
  readonly #schema: GraphQLSchema;
  readonly #hasUpstream: boolean;
  readonly #limits: Limits;

  constructor({ schema, hasUpstream = false }: Pick<Catalogue, "schema" | "hasUpstream">, limits: Limits) {
    this.#schema = schema;
    this.#hasUpstream = hasUpstream;
    this.#limits = limits;
    this.#documents = new BoundedCache(limits.MAX_CACHED_DOCUMENTS, limits.MAX_CACHED_DOCUMENT_BYTES);
  }

  get(source: string): PreparedDocument | undefined {
    return this.#documents.get(source);
  }

  prepare(source: string): PreparedDocument {
    const known = this.#documents.get(source);
    if (known !== undefined) return known;
    const prepared = prepareDocument(this.#schema, source, socketDocumentLimits(this.#limits), this.#hasUpstream);
    this.#documents.set(source, prepared, prepared.bytes);
    return prepared;
  }
}
