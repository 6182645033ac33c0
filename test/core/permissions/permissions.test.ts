import { describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { MemoryPermissionStore } from "../../../src/core/permissions/memory-permission-store.ts";
import { parseMembersPatch, parseSnapshot } from "../../../src/core/permissions/parse-snapshot.ts";
import { Permissions } from "../../../src/core/permissions/permissions.ts";
import { application, permissionsOf, user } from "../../support/permissions-of.ts";

const SNAPSHOT = {
  version: 5,
  roles: {
    r: { objects: { "*": { canRead: true } } },
    s: { objects: { person: { canRead: true } } },
    mine: { objects: { person: { canRead: true, rowFilter: { owner: { eq: { $caller: "userId" } } } } } },
  },
  members: { a: "r", b: ["r"], c: "s", d: ["s", "r"], e: ["r", "s", "r"], m: "mine", n: "mine" },
};
const CONFLICT = { taken: false, code: "VERSION_CONFLICT", version: 5 };
const snapshot = (rest: object = {}) => parseSnapshot({ ...SNAPSHOT, ...rest }, DEFAULT_LIMITS);
const patch = (version: number, members: object) => parseMembersPatch({ version, members }, DEFAULT_LIMITS);

describe("versions", () => {
  it.each<[string, object, object]>([
    ["a higher one is taken", { version: 6, roles: {} }, { taken: true, version: 6 }],
    ["a lower one is not", { version: 4 }, CONFLICT],
    ["the same with the same content is, and changes nothing", { extra: 1 }, { taken: true, version: 5 }],
    ["the same with other roles is not", { roles: {} }, CONFLICT],
    ["the same with fewer members is not", { members: { a: "r" } }, CONFLICT],
    ["the same with another member is not", { members: { ...SNAPSHOT.members, a: "s" } }, CONFLICT],
  ])("[PERM-2] %s", (_, rest, answer) => {
    expect(permissionsOf(SNAPSHOT).put(snapshot(rest))).toMatchObject(answer);
  });

  it.each<[string, number, object, object]>([
    ["a higher version is taken", 6, { a: null, z: "s" }, { taken: true, version: 6 }],
    ["a lower one is not", 4, {}, CONFLICT],
    ["the same is when nothing would change", 5, { b: "r", z: null }, { taken: true, version: 5 }],
    ["the same is not when something would", 5, { a: "s" }, CONFLICT],
  ])("[PERM-3] of a patch, %s", (_, version, members, answer) => {
    expect(permissionsOf(SNAPSHOT).patchMembers(patch(version, members))).toMatchObject(answer);
  });

  it("[PERM-3] a patch needs a snapshot", () => {
    expect(permissionsOf().patchMembers(patch(1, {}))).toMatchObject({ ...CONFLICT, version: null });
  });

  it("[PERM-3] a patch may be sent again, until a newer one came", () => {
    const permissions = permissionsOf(SNAPSHOT);
    const change = patch(6, { a: "s" });
    expect([permissions.patchMembers(change).taken, permissions.patchMembers(change).taken]).toEqual([true, true]);
    permissions.patchMembers(patch(7, { a: "r" }));
    expect(permissions.patchMembers(change)).toMatchObject({ taken: false, version: 7 });
    expect(permissions.put(snapshot())).toMatchObject({ taken: false, version: 7 });
    expect(permissions.put(snapshot({ version: 7 }))).toEqual({ taken: true, version: 7 });
  });

  it("[LIMIT-52] patches make no more members than MAX_MEMBERS", () => {
    const permissions = permissionsOf(SNAPSHOT, 8);
    expect(permissions.patchMembers(patch(6, { y: "r", z: "r" }))).toMatchObject({
      taken: false,
      code: "TOO_LARGE",
      version: 5,
    });
    expect(permissions.patchMembers(patch(6, { y: "r", z: "r", a: null }))).toEqual({ taken: true, version: 6 });
  });
});

describe("classes", () => {
  it("[PERM-14] callers who see the same have one viewer, and others have another", () => {
    const permissions = permissionsOf(SNAPSHOT);
    const viewerOf = (id: string, rest = {}) => permissions.viewerOf(user(id, rest));
    expect(viewerOf("a")).toBe(viewerOf("b", { userId: "x", workspaceMemberId: "y" }));
    expect(viewerOf("d")).toBe(viewerOf("e"));
    expect(viewerOf("x")).toBe(viewerOf("y"));
    expect(viewerOf("m", { userId: "1", workspaceMemberId: "2" })).toBe(viewerOf("n", { userId: "1" }));
    const different = [
      viewerOf("a"),
      viewerOf("c"),
      viewerOf("d"),
      viewerOf("x"),
      viewerOf("m"),
      viewerOf("n", { userId: "2" }),
    ];
    expect(new Set(different.map((viewer) => viewer?.key)).size).toBe(different.length);
  });

  it("[PERM-14] a new snapshot makes new classes, a patch moves its members between them", () => {
    const permissions = permissionsOf(SNAPSHOT);
    const keys = () => ["a", "c"].map((id) => permissions.viewerOf(user(id))?.key);
    const [a, c] = keys();
    permissions.patchMembers(patch(6, { a: "s" }));
    expect(keys()).toEqual([c, c]);
    permissions.patchMembers(patch(7, { a: null }));
    expect(permissions.viewerOf(user("a"))?.hasFlag("AI")).toBe(false);
    permissions.put(snapshot({ version: 8 }));
    expect(keys().some((key) => key === a || key === c)).toBe(false);
  });

  it("looks each member up once, until it changes", () => {
    const store = new MemoryPermissionStore();
    const lookUp = vi.spyOn(store, "roleIdsOf");
    const permissions = new Permissions({ stored: store, store: () => store, maxMembers: 10 });
    permissions.put(snapshot());
    lookUp.mockClear();
    for (let i = 0; i < 3; i++) for (const id of ["a", "x"]) permissions.viewerOf(user(id));
    permissions.viewerOf(application("app", "a"));
    expect(lookUp.mock.calls).toEqual([["a"], ["x"]]);
  });

  it("[PERM-17] are the same after a restart, whatever the limits of row filters are by then", () => {
    const store = new MemoryPermissionStore();
    const open = () => new Permissions({ stored: store, store: () => store, maxMembers: 10 });
    const key = () => open().viewerOf(user("m"))?.key;
    open().put(snapshot());
    const before = key();
    open().patchMembers(patch(6, { a: null }));
    expect([before !== undefined, key(), open().version]).toEqual([true, before, 6]);
  });

  it("there are none without a snapshot", () => {
    expect([permissionsOf().version, permissionsOf().viewerOf(user("a"))]).toEqual([undefined, undefined]);
  });
});
