import { describe, expect, it } from "vitest";
import type { PermissionStore } from "../../src/core/permissions/permission-store.ts";
import type { RoleIds } from "../../src/core/permissions/snapshot.ts";

export interface PermissionStoreHost {
  /** Makes a store that holds nothing. Called once within each test. */
  readonly open: () => PermissionStore;
  /** Gives the same store as a restart of the process would find it. Default: nothing restarts. */
  readonly reopen?: (store: PermissionStore) => PermissionStore;
  /** Runs a test where its storage may be used. Default: right here. */
  readonly within?: (test: () => void) => void | Promise<void>;
}

const HOSTILE = ["__proto__", "constructor", "'; DROP TABLE permissions; --", "%", "漢🚰"];

/** What any permission store does, whatever it is made of. */
export function describePermissionStore(
  name: string,
  { open, reopen, within = (test) => test() }: PermissionStoreHost,
): void {
  /** A store that restarts whenever it is asked for, where it can. */
  const itKeeps = (sentence: string, test: (store: () => PermissionStore) => void) =>
    it(sentence, () =>
      within(() => {
        let store = open();
        test(() => {
          store = reopen?.(store) ?? store;
          return store;
        });
      }),
    );
  const members = (...ids: string[]) => new Map<string, RoleIds>(ids.map((id) => [id, [`role of ${id}`]]));

  describe(name, () => {
    itKeeps("holds nothing at first", (store) => {
      expect([store().load(), store().roleIdsOf("a"), store().countMembers()]).toEqual([undefined, undefined, 0]);
    });

    itKeeps("gives back what was put, versions up to the largest integer", (store) => {
      const version = Number.MAX_SAFE_INTEGER;
      const rules = `{"roles":{"漢":"${"x".repeat(1024 * 1024)}"}}`;
      store().put({ version, rules, members: members(...HOSTILE) });
      expect(store().load()).toEqual({ version, rulesVersion: version, rules });
      expect(HOSTILE.map((id) => store().roleIdsOf(id))).toEqual(HOSTILE.map((id) => [`role of ${id}`]));
      expect(store().countMembers()).toBe(HOSTILE.length);
    });

    itKeeps("puts a snapshot over the one before, members and all", (store) => {
      store().put({ version: 1, rules: "{}", members: members("a", "b") });
      store().put({ version: 2, rules: "[]", members: new Map([["b", ["1", "2"]]]) });
      expect(store().load()).toEqual({ version: 2, rulesVersion: 2, rules: "[]" });
      expect(["a", "b"].map((id) => store().roleIdsOf(id))).toEqual([undefined, ["1", "2"]]);
    });

    itKeeps("changes the members of a patch and no others, and the version but not that of the rules", (store) => {
      store().put({ version: 1, rules: "{}", members: members("a", "b", "c") });
      store().patch({
        version: 5,
        members: new Map<string, RoleIds | null>([
          ["a", null],
          ["b", ["x"]],
          ["d", ["y"]],
        ]),
      });
      expect(store().load()).toEqual({ version: 5, rulesVersion: 1, rules: "{}" });
      expect(["a", "b", "c", "d"].map((id) => store().roleIdsOf(id))).toEqual([undefined, ["x"], ["role of c"], ["y"]]);
      expect(store().countMembers()).toBe(3);
    });

    itKeeps("takes 50,000 members in one patch", (store) => {
      store().put({ version: 1, rules: "{}", members: new Map() });
      const many = Array.from({ length: 50_000 }, (_, i) => `member ${i}`);
      store().patch({ version: 2, members: members(...many) });
      expect([store().countMembers(), store().roleIdsOf("member 49999")]).toEqual([50_000, ["role of member 49999"]]);
    });
  });
}
