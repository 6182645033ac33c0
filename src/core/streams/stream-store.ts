import type { EventStream, StreamOwner } from "./event-stream.ts";

/** A stream as it is stored, without its queries. */
export type StoredStream = Pick<EventStream, "id" | "since" | "detachedAt"> & { readonly owner: StreamOwner };

/** A query as it is stored: its text makes it again. */
export interface StoredQuery {
  readonly stream: string;
  readonly id: string;
  readonly text: string;
}

/** Where the event streams of a workspace are kept. */
export interface StreamStore {
  /** Everything there is, queries in the order in which they were put first. */
  load(): { readonly streams: readonly StoredStream[]; readonly queries: readonly StoredQuery[] };
  /** Writes a stream, over the one of the same id if there is one. Its queries stay. */
  put(stream: StoredStream): void;
  /** Deletes a stream with its queries. */
  delete(stream: string): void;
  putQuery(query: StoredQuery): void;
  deleteQuery(stream: string, id: string): void;
  /** Deletes the queries of a stream. */
  clearQueries(stream: string): void;
}
