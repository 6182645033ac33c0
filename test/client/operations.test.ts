import { beforeEach, describe, expect, test } from "vitest";
import { type GappedOperation, Operations } from "../../client/operations.ts";
import { PositionKeeper } from "../../client/position-keeper.ts";
import { FakeStorage } from "./support/fake-page.ts";

const SOCKET = {};
const payload = (topic: string) => ({ query: "subscription S { event }", variables: { topic } });
const at = (offset: number, epoch = "aaaaaaaaaaaa", workspace = "00000000") => `${workspace}.${epoch}.${offset}`;

let gaps: GappedOperation[];
let operations: Operations;
beforeEach(() => {
  gaps = [];
  operations = new Operations((operation) => gaps.push(operation), undefined);
});

describe("[C2] what is sent", () => {
  test("[C2] a new subscription asks for positions", () => {
    expect(operations.begin("1", payload("a"), SOCKET)).toEqual({ ...payload("a"), extensions: { resume: {} } });
  });

  test("[C2] queries and mutations go as they are", () => {
    const query = { query: "{ a }" };
    expect(operations.begin("1", query, SOCKET)).toBe(query);
  });

  test("[C2] one that comes again asks for what it missed", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(5));
    operations.leave(SOCKET);
    expect(operations.begin("1", payload("a"), {}).extensions).toEqual({ resume: { after: at(5) } });
  });

  test("[C2] other extensions stay, and a place to resume from that the application names counts until there is a newer", () => {
    const own = { ...payload("a"), extensions: { trace: 1, resume: { after: at(2) } } };
    expect(operations.begin("1", own, SOCKET).extensions).toEqual(own.extensions);
    operations.receive("1", at(3));
    expect(operations.begin("1", own, SOCKET).extensions).toEqual({ trace: 1, resume: { after: at(3) } });
  });

  test("[C2] an id that comes with something else is another operation", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(5));
    expect(operations.begin("1", payload("b"), SOCKET).extensions).toEqual({ resume: {} });
  });

  test("[C2] what is over is not resumed", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(5));
    operations.end("1");
    expect(operations.begin("1", payload("a"), SOCKET).extensions).toEqual({ resume: {} });
  });
});

describe("[C3] what is received", () => {
  test("[C3] an event that was there is not there again", () => {
    operations.begin("1", payload("a"), SOCKET);
    const taken = [1, 2, 2, 1, 3, 3, 4].map((offset) => operations.receive("1", at(offset)));
    expect(taken).toEqual([true, true, false, false, true, false, true]);
  });

  test("[C3] each operation has its own place", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.begin("2", payload("b"), SOCKET);
    expect(operations.receive("1", at(7))).toBe(true);
    expect(operations.receive("2", at(7))).toBe(true);
  });

  test("[C3] positions that cannot be compared are new", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(7));
    expect(operations.receive("1", at(1, "bbbbbbbbbbbb"))).toBe(true);
    expect(operations.receive("1", "from the future")).toBe(true);
    expect(operations.begin("1", payload("a"), SOCKET).extensions).toEqual({ resume: { after: "from the future" } });
  });

  test("[C3] an operation that nobody has is none of ours", () => {
    expect(operations.receive("9", at(1))).toBe(true);
  });
});

describe("[C4] gaps", () => {
  test("[C4] a gap is told with the operation, and it goes on behind it", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(5));
    operations.skip("1", at(1, "bbbbbbbbbbbb"));
    expect(gaps).toEqual([{ id: "1", payload: payload("a"), position: at(1, "bbbbbbbbbbbb") }]);
    expect(operations.receive("1", at(1, "bbbbbbbbbbbb"))).toBe(false);
    expect(operations.receive("1", at(2, "bbbbbbbbbbbb"))).toBe(true);
  });

  test("[C4] a position that the server does not know is a gap, told when it is known where it goes on", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(5));
    expect(operations.restart("1")?.extensions).toEqual({ resume: {} });
    expect(gaps).toEqual([]);
    operations.receive("1", at(2, "bbbbbbbbbbbb", "11111111"));
    expect(gaps.map(({ position }) => position)).toEqual([at(2, "bbbbbbbbbbbb", "11111111")]);
    operations.receive("1", at(3, "bbbbbbbbbbbb", "11111111"));
    expect(gaps).toHaveLength(1);
  });

  test("[C4] there is nothing to begin afresh where nothing was resumed", () => {
    operations.begin("1", payload("a"), SOCKET);
    expect(operations.restart("1")).toBeUndefined();
    expect(operations.restart("2")).toBeUndefined();
  });

  test("[C4] cut off before the first position: nobody knows whether it missed something, and that is a gap", () => {
    operations.expectPositions();
    operations.begin("1", payload("a"), SOCKET);
    operations.begin("2", payload("b"), SOCKET);
    operations.receive("2", at(5));
    operations.leave(SOCKET);
    expect(operations.begin("1", payload("a"), SOCKET).extensions).toEqual({ resume: {} });
    operations.begin("2", payload("b"), SOCKET);
    operations.receive("1", at(6));
    operations.receive("2", at(6));
    expect(gaps.map(({ id, position }) => [id, position])).toEqual([["1", at(6)]]);
  });

  test("[C4] but not with a server that tells no positions", () => {
    operations.begin("1", payload("a"), SOCKET);
    operations.leave(SOCKET);
    operations.begin("1", payload("a"), SOCKET);
    operations.receive("1", at(6));
    expect(gaps).toEqual([]);
  });

  test("[C4] another caller does not resume, and is told", () => {
    operations.setCaller("ada");
    operations.begin("1", payload("a"), SOCKET);
    operations.begin("2", payload("b"), SOCKET);
    operations.receive("1", at(5));
    operations.setCaller("ada");
    expect(operations.begin("1", payload("a"), SOCKET).extensions).toEqual({ resume: { after: at(5) } });
    operations.setCaller("grace");
    expect(operations.begin("1", payload("a"), SOCKET).extensions).toEqual({ resume: {} });
    operations.receive("1", at(6));
    operations.receive("2", at(6));
    expect(gaps.map(({ id }) => id)).toEqual(["1"]);
  });
});

test("[C5] operations given up while there was no socket do not pile up, and none that is open is forgotten", () => {
  operations.begin("open", payload("open"), SOCKET);
  operations.receive("open", at(1));
  for (let count = 0; count < 3_000; count++) {
    const socket = {};
    operations.begin(`${count}`, payload(`${count}`), socket);
    operations.receive(`${count}`, at(2));
    operations.leave(socket);
  }
  const resumed = (id: string) => operations.begin(id, payload(id), SOCKET).extensions?.["resume"];
  expect(resumed("open")).toEqual({ after: at(1) });
  expect(resumed("2999")).toEqual({ after: at(2) });
  expect(resumed("0")).toEqual({});
});

describe("[C6] over a reload of the page", () => {
  const storage = new FakeStorage();
  function load(caller: string | null = "ada") {
    const keeper = new PositionKeeper(storage, "positions");
    const loaded = new Operations(() => undefined, keeper);
    loaded.setCaller(caller ?? undefined);
    return { loaded, leave: () => keeper.write() };
  }
  const resumeOf = ({ loaded }: ReturnType<typeof load>, id: string, topic: string) =>
    loaded.begin(id, payload(topic), SOCKET).extensions?.["resume"];
  beforeEach(() => storage.items.clear());

  test("[C6] an operation is known again by what it asks for", () => {
    const before = load();
    before.loaded.begin("1", payload("a"), SOCKET);
    before.loaded.begin("2", { ...payload("b"), operationName: "S" }, SOCKET);
    before.loaded.receive("1", at(5));
    before.loaded.receive("2", at(6));
    before.leave();
    const after = load();
    expect(resumeOf(after, "x", "c")).toEqual({});
    expect(resumeOf(after, "y", "a")).toEqual({ after: at(5) });
    const again = after.loaded.begin("z", { operationName: "S", ...payload("b") }, SOCKET);
    expect(again.extensions).toEqual({ resume: { after: at(6) } });
  });

  test("[C6] equal operations are told apart by their order", () => {
    const before = load();
    for (const [index, id] of ["1", "2", "3"].entries()) {
      before.loaded.begin(id, payload("a"), SOCKET);
      before.loaded.receive(id, at(index + 1));
    }
    before.loaded.end("2");
    before.leave();
    const after = load();
    const resumes = ["x", "y", "z"].map((id) => resumeOf(after, id, "a"));
    expect(resumes).toEqual([{ after: at(1) }, {}, { after: at(3) }]);
  });

  test("[C6] nothing is left of an operation that is over", () => {
    const before = load();
    before.loaded.begin("1", payload("a"), SOCKET);
    before.loaded.receive("1", at(5));
    before.leave();
    before.loaded.end("1");
    before.leave();
    expect(storage.items.get("positions")).not.toContain(at(5));
    expect(resumeOf(load(), "x", "a")).toEqual({});
  });

  test("[C6] one that is resumed and has missed nothing is live as well, and that is told once", () => {
    const before = load();
    before.loaded.begin("1", payload("a"), SOCKET);
    before.loaded.receive("1", at(5));
    before.leave();
    const live: GappedOperation[] = [];
    const keeper = new PositionKeeper(storage, "positions");
    const after = new Operations(
      () => undefined,
      keeper,
      (operation) => live.push(operation),
    );
    after.setCaller("ada");
    after.begin("x", payload("a"), SOCKET);
    expect(after.receive("x", at(5))).toBe(false);
    after.receive("x", at(6));
    expect(live).toEqual([{ id: "x", payload: payload("a"), position: at(5) }]);
  });

  test.each(["grace", null])("[C6] what one caller has kept, another (%s) does not get", (caller) => {
    const before = load();
    before.loaded.begin("1", payload("a"), SOCKET);
    before.loaded.receive("1", at(5));
    before.leave();
    expect(resumeOf(load(caller), "x", "a")).toEqual({});
  });
});
