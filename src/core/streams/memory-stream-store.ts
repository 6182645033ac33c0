import type { StoredQuery, StoredStream, StreamStore } from "./stream-store.ts";

/** The stream store without a storage: the plain statement of what the SQLite one must do. */
export class MemoryStreamStore implements StreamStore {
  readonly #streams = new Map<string, StoredStream>();
  readonly #queries = new Map<string, Map<string, StoredQuery>>();

  load() {
    const queries = [...this.#queries.values()].flatMap((ofStream) => [...ofStream.values()]);
    return { streams: [...this.#streams.values()], queries };
  }

  put(stream: StoredStream): void {
    this.#streams.set(stream.id, stream);
  }

  delete(stream: string): void {
    this.#streams.delete(stream);
    this.#queries.delete(stream);
  }

  putQuery(query: StoredQuery): void {
    const ofStream = this.#queries.get(query.stream) ?? new Map<string, StoredQuery>();
    this.#queries.set(query.stream, ofStream.set(query.id, query));
  }

  deleteQuery(stream: string, id: string): void {
    this.#queries.get(stream)?.delete(id);
  }

  clearQueries(stream: string): void {
    this.#queries.delete(stream);
  }
}
