import { describe, expect, it } from "vitest";
import type { PermissionStore } from "../../src/core/permissions/permission-store.ts";

/** What any store of permissions does, whatever it is made of. */
export function describePermissionStore(
  name: string,
  open: () => PermissionStore,
  within: (test: () => void) => void | Promise<void> = (test) => test(),
): void {
  describe(name, () => {
    it("holds nothing at first, then the snapshot that was put last, and its members", () =>
      within(() => {
        const store = open();
        expect([store.load(), store.rolesOf("a"), store.countMembers()]).toEqual([undefined, undefined, 0]);
        store.put({
          version: 1,
          rules: "{}",
          members: new Map([
            ["a", ["x"]],
            ["b", []],
          ]),
        });
        expect([store.rolesOf("a"), store.rolesOf("b"), store.countMembers()]).toEqual([["x"], [], 2]);
        store.put({ version: 2, rules: '{"roles":{}}', members: new Map([["b", ["x", "y"]]]) });
        expect(store.load()).toMatchObject({ version: 2, rules: '{"roles":{}}' });
        expect([store.rolesOf("a"), store.rolesOf("b"), store.countMembers()]).toEqual([undefined, ["x", "y"], 1]);
      }));

    it("changes, adds and takes out members, with the version", () =>
      within(() => {
        const store = open();
        store.put({
          version: 1,
          rules: "{}",
          members: new Map([
            ["a", ["x"]],
            ["b", ["x"]],
          ]),
        });
        store.patch({
          version: 5,
          members: new Map([
            ["a", null],
            ["b", ["y"]],
            ["c", ["z"]],
            ["d", null],
          ]),
        });
        expect(store.load()).toMatchObject({ version: 5, rules: "{}" });
        expect(["a", "b", "c", "d"].map((id) => store.rolesOf(id))).toEqual([undefined, ["y"], ["z"], undefined]);
        expect(store.countMembers()).toBe(2);
      }));
  });
}
