import type { Limits } from "../limits.ts";
import { keptBytesOfQuery } from "./event-stream.ts";
import type { StreamQuery } from "./stream-query.ts";
import { type StreamRefusal, tooManyQueries } from "./stream-refusal.ts";

/** Bytes that a caller, and all callers together, make the workspace keep besides queries. */
export type KeptBesides = (identity: string) => { readonly ofCaller: number; readonly ofAll: number };

interface QueryCost {
  readonly bytes: number;
  readonly nodes: number;
  readonly textWeight: number;
}

const NO_COST: QueryCost = { bytes: 0, nodes: 0, textWeight: 0 };

/** What queries make a workspace keep and look at: those of each caller, and all together. */
export class QueryCosts {
  readonly #limits: Limits;
  readonly #keptBesides: KeptBesides;
  readonly #ofCallers = new Map<string, QueryCost>();
  #allBytes = 0;

  constructor(limits: Limits, keptBesides: KeptBesides) {
    this.#limits = limits;
    this.#keptBesides = keptBesides;
  }

  get allBytes(): number {
    return this.#allBytes;
  }

  of(identity: string): QueryCost {
    return this.#ofCallers.get(identity) ?? NO_COST;
  }

  add(identity: string, query: StreamQuery): void {
    this.#count(identity, query, 1);
  }

  remove(identity: string, query: StreamQuery): void {
    this.#count(identity, query, -1);
  }

  /** Why a query is too much on top of the others, taking the place of one of them; undefined when it is not. */
  refuse(identity: string, query: StreamQuery, before: StreamQuery | undefined): StreamRefusal | undefined {
    const {
      MAX_QUERY_NODES_PER_IDENTITY: nodes,
      MAX_TEXT_CONDITIONS_PER_IDENTITY: conditions,
      MAX_KEPT_BYTES_PER_IDENTITY: ofIdentity,
      MAX_KEPT_BYTES_PER_WORKSPACE: ofWorkspace,
    } = this.#limits;
    const own = this.of(identity);
    const moreNodes = query.nodes - (before?.nodes ?? 0);
    if (moreNodes > 0 && own.nodes + moreNodes > nodes) {
      return tooManyQueries(
        `The queries of one caller may have ${nodes} conditions and groups (MAX_QUERY_NODES_PER_IDENTITY).`,
      );
    }
    const moreTexts = query.textWeight - (before?.textWeight ?? 0);
    if (moreTexts > 0 && own.textWeight + moreTexts > conditions) {
      return tooManyQueries(
        `The queries of one caller may search ${conditions} times in texts (MAX_TEXT_CONDITIONS_PER_IDENTITY).`,
      );
    }
    const { ofCaller, ofAll } = this.#keptBesides(identity);
    const more = keptBytesOfQuery(query) - (before === undefined ? 0 : keptBytesOfQuery(before));
    if (ofCaller + own.bytes + more > ofIdentity) {
      return tooManyQueries("What one caller subscribes to is too large together (MAX_KEPT_BYTES_PER_IDENTITY).");
    }
    if (ofAll + this.#allBytes + more > ofWorkspace) {
      return tooManyQueries("What the workspace subscribes to is too large together (MAX_KEPT_BYTES_PER_WORKSPACE).");
    }
    return undefined;
  }

  #count(identity: string, query: StreamQuery, times: 1 | -1): void {
    const { bytes, nodes, textWeight } = this.of(identity);
    const more = times * keptBytesOfQuery(query);
    const cost = {
      bytes: bytes + more,
      nodes: nodes + times * query.nodes,
      textWeight: textWeight + times * query.textWeight,
    };
    // No query has no bytes.
    if (cost.bytes === 0) this.#ofCallers.delete(identity);
    else this.#ofCallers.set(identity, cost);
    this.#allBytes += more;
  }
}
