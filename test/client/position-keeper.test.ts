import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PositionKeeper } from "../../client/position-keeper.ts";
import { FakePage, FakeStorage } from "./support/fake-page.ts";

let page: FakePage;
let storage: FakeStorage;
beforeEach(() => {
  vi.useFakeTimers();
  page = new FakePage();
  storage = new FakeStorage();
});
afterEach(() => {
  page.remove();
  vi.useRealTimers();
});

function keeperOf(caller: string | null = "ada"): PositionKeeper {
  const keeper = new PositionKeeper(storage, "positions");
  keeper.setCaller(caller ?? undefined);
  return keeper;
}

test("[C7] positions are written a few times a second, and when the page is left", () => {
  const keeper = keeperOf();
  keeper.keep("a", "1");
  expect(storage.items.size).toBe(0);
  vi.advanceTimersByTime(250);
  expect(keeperOf().find("a")).toBe("1");
  keeper.keep("a", "2");
  page.leave();
  expect(keeperOf().find("a")).toBe("2");
});

test("[C7] two clients of a page do not write over each other", () => {
  const [one, two] = [keeperOf(), keeperOf()];
  one.keep("a", "1");
  two.keep("b", "2");
  page.leave();
  two.drop("b");
  one.keep("a", "3");
  page.leave();
  expect(keeperOf().find("a")).toBe("3");
  expect(keeperOf().find("b")).toBeUndefined();
});

test("[C7] what is older than ten minutes is gone, unless its operation was there all the time", () => {
  const keeper = keeperOf();
  keeper.keep("quiet", "1");
  keeper.keep("left", "1");
  keeper.rest("left");
  vi.advanceTimersByTime(11 * 60_000);
  page.leave();
  expect(keeperOf().find("quiet")).toBe("1");
  expect(keeperOf().find("left")).toBeUndefined();
});

test("[C7] no more than a hundred are kept, the newest ones", () => {
  const keeper = keeperOf();
  for (let count = 0; count < 150; count++) keeper.keep(`${count}`, "1");
  page.leave();
  expect(keeperOf().find("49")).toBeUndefined();
  expect(keeperOf().find("50")).toBe("1");
});

test("[C7] nothing is written for a caller that has no name", () => {
  keeperOf(null).keep("a", "1");
  page.leave();
  expect(storage.items.size).toBe(0);
});

test("[C7] what was reached as one caller is not written down for the next", () => {
  const keeper = keeperOf("ada");
  keeper.keep("a", "1");
  keeper.setCaller("grace");
  page.leave();
  expect(storage.items.get("positions") ?? "").not.toContain('"a"');
});

test("[C7] a storage that is full or forbidden is none", () => {
  storage.isForbidden = true;
  const keeper = keeperOf();
  keeper.keep("a", "1");
  page.leave();
  expect(keeper.find("b")).toBeUndefined();
});

test.each([
  "",
  "nonsense",
  "null",
  "[]",
  '{"caller":"ada"}',
  '{"caller":"ada","positions":{}}',
  '{"caller":"ada","positions":[1,[],["a"],["a",1],["a",["1"]],["a",["1","now"]],[1,["1",1]]]}',
])("[C7] what somebody else has put there is ignored: %s", (text) => {
  storage.items.set("positions", text);
  expect(keeperOf().find("a")).toBeUndefined();
});
