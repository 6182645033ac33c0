import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { ResumeState } from "../protocol/session.ts";
import type { EventStream, StreamOwner } from "./event-stream.ts";
import { type KeptBesides, QueryCosts } from "./query-costs.ts";
import { QueryIndex } from "./query-index.ts";
import { parseStreamQuery, type StreamQuery } from "./stream-query.ts";
import {
  ALREADY_EXISTS,
  NOT_AUTHORIZED,
  refuseId,
  type StreamAnswer,
  type StreamRefusal,
  tooManyQueries,
} from "./stream-refusal.ts";
import type { StreamStore } from "./stream-store.ts";

/** What the streams of a workspace need of their surroundings. */
export interface EventStreamsContext {
  /** What is stored of old. */
  readonly stored: ReturnType<StreamStore["load"]>;
  /** Opens the store, where something is to be written. */
  readonly store: () => StreamStore;
  readonly limits: Limits;
  /** Offset of the end of the log. */
  readonly head: number;
  /** What the channel of a stream is named. */
  readonly channelIdOf: (id: string) => string;
  readonly keptBesides: KeptBesides;
}

/** A query in its stream. */
export interface QueryOfStream {
  readonly stream: EventStream;
  readonly query: StreamQuery;
}

export interface StreamCounts {
  readonly streams: number;
  readonly queries: number;
  /** Queries whose filter is wrong: they match nothing. */
  readonly invalidQueries: number;
  /** How often a filter did not fit the record that it was compared with, since the object was last woken. */
  readonly failedMatches: number;
}

interface HeldStream extends EventStream {
  since: number;
  detachedAt: number | undefined;
  readonly queries: Map<string, StreamQuery>;
}

/**
 * The event streams of a workspace. What is here is in the store as well, so that streams outlive hibernation, eviction
 * and restarts; a stream without its subscription lives on for a while, so that a client that reconnects finds it.
 */
export class EventStreams {
  /** Of each stream, the stored queries that no longer fit the limits: it is without them, and its client is told a gap. */
  readonly outgrown: ReadonlyMap<string, readonly string[]>;
  readonly #context: EventStreamsContext;
  readonly #streams = new Map<string, HeldStream>();
  readonly #byChannel = new Map<string, HeldStream>();
  readonly #byIdentity = new Map<string, Set<HeldStream>>();
  /** Those without a subscription, the longest first. */
  readonly #detached = new Set<HeldStream>();
  readonly #index = new QueryIndex<QueryOfStream>();
  readonly #indexed = new Map<StreamQuery, QueryOfStream>();
  readonly #costs: QueryCosts;
  #failedMatches = 0;

  constructor(context: EventStreamsContext) {
    this.#context = context;
    this.#costs = new QueryCosts(context.limits, context.keptBesides);
    const { streams, queries } = context.stored;
    const byDetachment = [...streams].sort((a, b) => (a.detachedAt ?? 0) - (b.detachedAt ?? 0));
    for (const stream of byDetachment) this.#hold({ ...stream, ...this.#emptyOf(stream.id) });
    const outgrown = new Map<string, string[]>();
    for (const { stream, id, text } of queries) {
      const held = this.#streams.get(stream);
      const query = parseOrRefuse(id, JSON.parse(text), context.limits);
      if (held === undefined) continue;
      if ("code" in query) {
        held.since = context.head + 1;
        outgrown.set(stream, [...(outgrown.get(stream) ?? []), id]);
      } else this.#enter(held, query);
    }
    this.outgrown = outgrown;
  }

  [Symbol.iterator](): Iterator<EventStream> {
    return this.#streams.values();
  }

  /** Bytes of all queries. */
  get keptBytes(): number {
    return this.#costs.allBytes;
  }

  keptBytesOf(identity: string): number {
    return this.#costs.of(identity).bytes;
  }

  /** Lets go of what is outgrown in the store as well. Not when it is found: a wake must not fail where nothing can be written. */
  forgetOutgrown(): void {
    for (const [id, queries] of this.outgrown) {
      for (const query of queries) this.#context.store().deleteQuery(id, query);
      const stream = this.#streams.get(id);
      if (stream !== undefined) this.#save(stream);
    }
  }

  /** How the queries of all streams stand, for whoever inspects a workspace. */
  count(): StreamCounts {
    let invalidQueries = 0;
    for (const { invalid } of this.#indexed.keys()) if (invalid !== undefined) invalidQueries++;
    const { size: streams } = this.#streams;
    return { streams, queries: this.#indexed.size, invalidQueries, failedMatches: this.#failedMatches };
  }

  /** A query could not be compared with a record: its filter does not fit the object. It does not match then. */
  noteFailedMatch(): void {
    this.#failedMatches++;
  }

  get(id: string): EventStream | undefined {
    return this.#streams.get(id);
  }

  ofChannel(channelId: string): EventStream | undefined {
    return this.#byChannel.get(channelId);
  }

  /** Whether any query is about an object. */
  asksFor(objectNameSingular: string): boolean {
    return this.#index.has(objectNameSingular);
  }

  /** The queries that could match one of these records of an object. */
  candidates(objectNameSingular: string, records: readonly JsonObject[]): ReadonlySet<QueryOfStream> {
    return this.#index.candidates(objectNameSingular, records);
  }

  /**
   * Gives a stream to a subscription of its owner, making it where there is none.
   * @param resume where a client goes on with the stream as it is; without it, the stream begins anew
   * @param head of the log
   */
  attach(
    id: string,
    owner: StreamOwner,
    resume: ResumeState | undefined,
    head: number,
    now: number,
  ): EventStream | StreamRefusal {
    const badId = refuseId("eventStreamId", id);
    if (badId !== undefined) return badId;
    this.expire(now);
    const known = this.#streams.get(id);
    if (known !== undefined && known.owner.identity !== owner.identity) return ALREADY_EXISTS;
    if (known === undefined) {
      // Only who had no position before may come back with that of now.
      const isFirst = resume !== undefined && resume.cursor === undefined;
      return this.#make(id, owner, isFirst ? head : head + 1);
    }
    if (resume !== undefined && known.detachedAt === undefined) return known;
    // Written first, as a subscription that fails holds no stream: nobody would let go of one that is taken in memory only.
    if (resume === undefined) {
      this.#context.store().clearQueries(id);
      for (const query of [...known.queries.values()]) this.#unindex(known, query);
    }
    const since = resume === undefined ? head + 1 : known.since;
    this.#save({ ...known, since, detachedAt: undefined });
    known.since = since;
    known.detachedAt = undefined;
    this.#detached.delete(known);
    return known;
  }

  /** The subscription of a stream went. */
  detach(id: string, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#setDetached(stream, now);
    this.#save(stream);
  }

  /** Adds a query, or puts it in the place of one of the same id. */
  addQuery(id: string, identity: string, queryId: string, signature: unknown, now: number): StreamAnswer {
    const badId = refuseId("queryId", queryId);
    if (badId !== undefined) return badId;
    const stream = this.#find(id, identity, now);
    if (typeof stream === "boolean" || "code" in stream) return stream;
    const { limits, store } = this.#context;
    const before = stream.queries.get(queryId);
    if (before === undefined && stream.queries.size >= limits.MAX_QUERIES_PER_STREAM) {
      return tooManyQueries(
        `An event stream may have ${limits.MAX_QUERIES_PER_STREAM} queries (MAX_QUERIES_PER_STREAM).`,
      );
    }
    const query = parseOrRefuse(queryId, signature, limits);
    if ("code" in query) return query;
    const refusal = this.#costs.refuse(identity, query, before);
    if (refusal !== undefined) return refusal;
    store().putQuery({ stream: id, id: queryId, text: query.text });
    if (before !== undefined) this.#unindex(stream, before);
    this.#enter(stream, query);
    return true;
  }

  removeQuery(id: string, identity: string, queryId: string, now: number): StreamAnswer {
    const stream = this.#find(id, identity, now);
    if (typeof stream === "boolean" || "code" in stream) return stream;
    const query = stream.queries.get(queryId);
    if (query === undefined) return true;
    this.#context.store().deleteQuery(id, queryId);
    this.#unindex(stream, query);
    return true;
  }

  /** Lets go of streams whose subscription has been away for too long. */
  expire(now: number): void {
    for (const stream of this.#detached) {
      if (this.#expiryOf(stream) > now) return;
      this.#drop(stream);
    }
  }

  /** When the next stream is to be let go of, epoch ms. */
  get nextExpiry(): number {
    const [next] = this.#detached;
    return next === undefined ? Number.POSITIVE_INFINITY : this.#expiryOf(next);
  }

  /** After a wake: those whose subscription is not there any more went when the object slept. */
  detachAllBut(attached: ReadonlySet<string>, now: number): void {
    const gone = [...this.#streams.values()].filter(
      ({ id, detachedAt }) => detachedAt === undefined && !attached.has(id),
    );
    for (const stream of gone) this.#setDetached(stream, now);
    for (const stream of gone) this.#save(stream);
  }

  #expiryOf({ detachedAt }: EventStream): number {
    const { STREAM_LIFE_SECONDS } = this.#context.limits;
    return detachedAt === undefined ? Number.POSITIVE_INFINITY : detachedAt + STREAM_LIFE_SECONDS * 1000;
  }

  #find(id: string, identity: string, now: number): HeldStream | false | StreamRefusal {
    this.expire(now);
    const stream = this.#streams.get(id);
    if (stream === undefined) return false;
    return stream.owner.identity === identity ? stream : NOT_AUTHORIZED;
  }

  #make(id: string, owner: StreamOwner, since: number): EventStream | StreamRefusal {
    const { limits, store } = this.#context;
    const count = this.#byIdentity.get(owner.identity)?.size ?? 0;
    if (count >= limits.MAX_STREAMS_PER_IDENTITY) {
      // A tab that was closed leaves its stream behind for a while: that must not keep a new one out.
      const oldest = [...this.#detached].find((stream) => stream.owner.identity === owner.identity);
      if (oldest === undefined) {
        const message = `A caller may have ${limits.MAX_STREAMS_PER_IDENTITY} event streams (MAX_STREAMS_PER_IDENTITY).`;
        return { code: "TOO_MANY_STREAMS", message };
      }
      this.#drop(oldest);
    }
    const stored = { id, owner, since, detachedAt: undefined };
    const stream = { ...stored, ...this.#emptyOf(id) };
    store().put(stored);
    this.#hold(stream);
    return stream;
  }

  #emptyOf(id: string): Pick<HeldStream, "channelId" | "queries"> {
    return { channelId: this.#context.channelIdOf(id), queries: new Map() };
  }

  #hold(stream: HeldStream): void {
    this.#streams.set(stream.id, stream);
    this.#byChannel.set(stream.channelId, stream);
    const { identity } = stream.owner;
    const peers = this.#byIdentity.get(identity);
    if (peers === undefined) this.#byIdentity.set(identity, new Set([stream]));
    else peers.add(stream);
    if (stream.detachedAt !== undefined) this.#detached.add(stream);
  }

  #drop(stream: HeldStream): void {
    for (const query of [...stream.queries.values()]) this.#unindex(stream, query);
    this.#streams.delete(stream.id);
    this.#detached.delete(stream);
    this.#byChannel.delete(stream.channelId);
    const { identity } = stream.owner;
    const peers = this.#byIdentity.get(identity);
    peers?.delete(stream);
    if (peers?.size === 0) this.#byIdentity.delete(identity);
    this.#context.store().delete(stream.id);
  }

  /** In memory. */
  #setDetached(stream: HeldStream, at: number): void {
    stream.detachedAt = at;
    this.#detached.delete(stream);
    this.#detached.add(stream);
  }

  #save({ id, owner, since, detachedAt }: HeldStream): void {
    this.#context.store().put({ id, owner, since, detachedAt });
  }

  #enter(stream: HeldStream, query: StreamQuery): void {
    const item = { stream, query };
    stream.queries.set(query.id, query);
    this.#indexed.set(query, item);
    this.#index.add(item);
    this.#costs.add(stream.owner.identity, query);
  }

  #unindex(stream: HeldStream, query: StreamQuery): void {
    stream.queries.delete(query.id);
    const item = this.#indexed.get(query);
    this.#indexed.delete(query);
    if (item !== undefined) this.#index.delete(item);
    this.#costs.remove(stream.owner.identity, query);
  }
}

function parseOrRefuse(id: string, signature: unknown, limits: Limits): StreamQuery | StreamRefusal {
  try {
    return parseStreamQuery(id, signature, limits);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== "QUERY_TOO_LARGE") throw thrown;
    return { code: thrown.code, message: thrown.message };
  }
}
