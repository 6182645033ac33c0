import { describe, expect, it } from "vitest";
import type { OperationStore } from "../../src/core/operation/operation-store.ts";
import type { StoredOperation } from "../../src/core/protocol/session.ts";

export interface OperationStoreHost {
  /** Makes a store that holds nothing. Called once within each test. */
  readonly open: () => OperationStore;
  /** Gives the same store as a restart of the process would find it. Default: nothing restarts. */
  readonly reopen?: (store: OperationStore) => OperationStore;
  /** Runs a test where its storage may be used. Default: right here. */
  readonly within?: (test: () => void) => void | Promise<void>;
}

const operation = (order: number, rest: Partial<StoredOperation> = {}): StoredOperation => ({
  document: "subscription { a }",
  variables: "{}",
  order,
  ...rest,
});

const HOSTILE = [
  "__proto__",
  "constructor",
  "",
  " ",
  "a b",
  "'; DROP TABLE operations; --",
  '"',
  "\\",
  "%",
  "漢🚰",
  "\0",
  "a\n",
];

/** Half of a surrogate pair is a text to a client, and none to UTF-8. */
const HOSTILE_IDS = [...HOSTILE, "\ud800", "\udc00"];

/** What any operation store does, whatever it is made of. */
export function describeOperationStore(
  name: string,
  { open, reopen, within = (test) => test() }: OperationStoreHost,
): void {
  /** A store that restarts whenever it is asked for, where it can. */
  const itKeeps = (sentence: string, test: (store: () => OperationStore) => void) =>
    it(sentence, () =>
      within(() => {
        let store = open();
        test(() => {
          store = reopen?.(store) ?? store;
          return store;
        });
      }),
    );

  describe(`${name} keeps operations`, () => {
    itKeeps("of a socket, by their ids", (store) => {
      store().put("s", "1", operation(1));
      store().put("s", "2", operation(2, { operationName: "A", variables: '{"a":"漢"}' }));
      expect(store().load("s")).toEqual(
        new Map([
          ["1", operation(1)],
          ["2", operation(2, { operationName: "A", variables: '{"a":"漢"}' })],
        ]),
      );
    });

    itKeeps("of no socket that it does not know", (store) => {
      expect(store().load("s")).toEqual(new Map());
      store().put("s", "1", operation(1));
      expect(store().load("other")).toEqual(new Map());
    });

    itKeeps("in the last state that was put", (store) => {
      store().put("s", "1", operation(1, { operationName: "A" }));
      store().put("s", "1", operation(2));
      expect(store().load("s")).toEqual(new Map([["1", operation(2)]]));
    });

    itKeeps("apart from each other, whatever their names are", (store) => {
      for (const [order, socket] of HOSTILE.entries()) {
        for (const id of HOSTILE_IDS) store().put(socket, id, operation(order, { document: `${socket}|${id}` }));
      }
      for (const socket of HOSTILE) {
        const documents = [...store().load(socket)].map(([id, { document }]) => document === `${socket}|${id}`);
        expect(documents).toEqual(HOSTILE_IDS.map(() => true));
      }
    });

    itKeeps("of any size that a socket may have", (store) => {
      const large = operation(1, {
        document: "漢".repeat(80_000),
        variables: JSON.stringify({ a: "x".repeat(128 * 1024) }),
      });
      store().put("s", "1", large);
      expect(store().load("s").get("1")).toEqual(large);
    });

    itKeeps("out of reach of whoever loaded them", (store) => {
      store().put("s", "1", operation(1));
      store().load("s").clear();
      expect(store().load("s").size).toBe(1);
    });
  });

  describe(`${name} forgets operations`, () => {
    itKeeps("one by one", (store) => {
      for (const id of HOSTILE) store().put("s", id, operation(1));
      store().put("t", "__proto__", operation(1));
      store().delete("s", "__proto__");
      expect([...store().load("s").keys()].sort()).toEqual(HOSTILE.filter((id) => id !== "__proto__").sort());
      expect(store().load("t").size).toBe(1);
    });

    itKeeps("with their socket", (store) => {
      for (const socket of ["s", "t", "%"]) store().put(socket, "1", operation(1));
      store().deleteSocket("%");
      expect(["s", "t", "%"].map((socket) => store().load(socket).size)).toEqual([1, 1, 0]);
    });

    itKeeps("of all sockets but some", (store) => {
      for (const socket of ["s", "t", "__proto__"]) for (const id of ["1", "2"]) store().put(socket, id, operation(1));
      store().keepOnly(new Set(["t", "never seen"]));
      expect(["s", "t", "__proto__", "never seen"].map((socket) => store().load(socket).size)).toEqual([0, 2, 0, 0]);
      store().keepOnly(new Set());
      expect(store().load("t").size).toBe(0);
    });

    itKeeps("that it never had", (store) => {
      store().delete("s", "1");
      store().deleteSocket("s");
      store().keepOnly(new Set());
      store().put("s", "1", operation(1));
      expect(store().load("s").size).toBe(1);
    });
  });
}
