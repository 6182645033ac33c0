import { describe, expect, it } from "vitest";
import type { StoredStream, StreamStore } from "../../src/core/streams/stream-store.ts";

export interface StreamStoreHost {
  /** Makes a store that holds nothing. Called once within each test. */
  readonly open: () => StreamStore;
  /** Gives the same store as a restart of the process would find it. Default: nothing restarts. */
  readonly reopen?: (store: StreamStore) => StreamStore;
  /** Runs a test where its storage may be used. Default: right here. */
  readonly within?: (test: () => void) => void | Promise<void>;
}

const stream = (id: string, rest: Partial<StoredStream> = {}): StoredStream => ({
  id,
  owner: { identity: "user:a", userWorkspaceId: "a", isUser: true },
  since: 7,
  detachedAt: undefined,
  ...rest,
});
const query = (ofStream: string, id: string, text = "{}") => ({ stream: ofStream, id, text });

/** What any stream store does, whatever it is made of. */
export function describeStreamStore(name: string, { open, reopen, within = (test) => test() }: StreamStoreHost): void {
  const inStore = (test: (store: StreamStore, again: (store: StreamStore) => StreamStore) => void) => () =>
    within(() => test(open(), reopen ?? ((store) => store)));

  describe(name, () => {
    it(
      "holds nothing at first",
      inStore((store) => expect(store.load()).toEqual({ streams: [], queries: [] })),
    );

    it(
      "[STREAM-7] gives back streams and queries after a restart",
      inStore((store, again) => {
        store.put(stream("a"));
        store.put(stream("'; DROP TABLE streams; --", { owner: { identity: "apiKey:k", isUser: false } }));
        store.put(stream("a", { since: 9, detachedAt: 3 }));
        store.putQuery(query("a", "2", "two"));
        store.putQuery(query("a", "1", "one"));
        store.putQuery(query("a", "2", "two again"));
        const { streams, queries } = again(store).load();
        expect(new Map(streams.map((each) => [each.id, each]))).toEqual(
          new Map([
            ["a", stream("a", { since: 9, detachedAt: 3 })],
            [
              "'; DROP TABLE streams; --",
              stream("'; DROP TABLE streams; --", { owner: { identity: "apiKey:k", isUser: false } }),
            ],
          ]),
        );
        expect(queries).toEqual([query("a", "2", "two again"), query("a", "1", "one")]);
      }),
    );

    it(
      "deletes a query, the queries of a stream, and a stream with its queries",
      inStore((store) => {
        for (const id of ["a", "b"]) {
          store.put(stream(id));
          for (const of of ["1", "2"]) store.putQuery(query(id, of));
        }
        store.deleteQuery("a", "1");
        store.deleteQuery("a", "unknown");
        expect(store.load().queries).toEqual([query("a", "2"), query("b", "1"), query("b", "2")]);
        store.clearQueries("a");
        expect(store.load().streams).toHaveLength(2);
        expect(store.load().queries).toEqual([query("b", "1"), query("b", "2")]);
        store.delete("b");
        store.delete("unknown");
        expect(store.load()).toEqual({ streams: [stream("a")], queries: [] });
      }),
    );
  });
}
