import { serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Attachment,
  findSpilled,
  packAttachment,
  type SocketState,
  unpackAttachment,
  wantsIn,
} from "../../durable-objects/attachment.ts";
import type { Principal } from "../../src/core/principal.ts";
import { openSession, type ReadySession, type StoredOperation } from "../../src/core/protocol/session.ts";
import { anyText } from "../support/any-text.ts";

/** What the platform takes, in bytes of V8's serialization. */
const PLATFORM_BYTES = 16_384;
/** What the gateway never goes past, whatever a socket runs. */
const OWN_BYTES = 16_000;

const UUID = "20202020-1c25-4d02-bf25-6aeccf7ea419";
const LARGEST_PRINCIPAL: Principal = {
  kind: "user",
  workspaceId: UUID,
  issuedAt: 253_402_300_799,
  expiresAt: 253_402_300_799,
  userId: UUID,
  userWorkspaceId: UUID,
  workspaceMemberId: UUID,
  impersonatorUserWorkspaceId: UUID,
};
const RATES = {
  subscribeRate: { tokens: 199.123_456_789, at: 1_788_220_800_000.5 },
  documentRate: { tokens: 4.987_654_321, at: 1_788_220_800_000.5 },
};

type Operations = ReadonlyMap<string, StoredOperation>;

function stateWith(session: SocketState["session"]): SocketState {
  return {
    id: UUID,
    principal: LARGEST_PRINCIPAL,
    session,
    seenAt: 1_788_220_800_000,
    answerBy: 1_788_220_860_000,
    drainBy: 1_788_220_830_000,
    isSlowAtEdge: true,
    edgeKey: UUID,
    batches: true,
    warned: true,
  };
}

const running = (operations: Operations): ReadySession => ({ state: "ready", operations, ...RATES });
/** As large as it gets: whoever has nothing elsewhere may sleep, whatever it wants. */
function pack(operations: Operations): Attachment {
  const spilled = findSpilled(operations);
  const wants = Array.from(operations, () => 2 ** 30 - 1);
  return packAttachment(
    stateWith(running(operations)),
    spilled,
    spilled.size === 0 ? { version: UUID, wants } : undefined,
  );
}
/** What a wake finds: strings are as they come out of a parser, which is how they came in. */
const unpack = (attachment: unknown) => unpackAttachment(structuredClone(attachment));

const operation = (order: number, rest: Partial<StoredOperation> = {}): StoredOperation => ({
  document: "subscription { a }",
  variables: "{}",
  order,
  ...rest,
});

function many(count: number, make: (i: number) => Partial<StoredOperation>, id = (i: number) => `${i}`): Operations {
  return new Map(Array.from({ length: count }, (_, i) => [id(i), operation(i + 1, make(i))]));
}

describe("an attachment", () => {
  it.each<[string, SocketState["session"]]>([
    ["waits for connection_init", openSession(1_788_220_800_000, 10)],
    ["has its connection_init looked at", { state: "initialising" }],
    ["runs nothing", running(new Map())],
    [
      "runs something",
      running(
        new Map([
          ["1", operation(1)],
          ["2", operation(2, { operationName: "A", resume: { cursor: 7 } })],
        ]),
      ),
    ],
    ["has no rates", { state: "ready", operations: new Map([["1", operation(1)]]) }],
  ])("brings a socket back that %s", (_, session) => {
    const state = stateWith(session);
    expect(unpack(packAttachment(state, new Set()))).toEqual({ state, spilled: false });
  });

  it("leaves out what the state does not have", () => {
    const { answerBy: _, ...state } = stateWith(running(new Map([["1", operation(1)]])));
    expect(unpack(packAttachment(state, new Set()))?.state).toEqual(state);
    expect(Object.keys(unpack(packAttachment(state, new Set()))?.state ?? {})).not.toContain("answerBy");
  });

  it("keeps operations in their order, under any id", () => {
    const ids = ["2", "1", "__proto__", "constructor", "", "漢", '"', "\0"];
    const operations = many(
      ids.length,
      () => ({}),
      (i) => ids[i] ?? "",
    );
    const session = unpack(pack(operations))?.state.session;
    expect(session?.state === "ready" && [...session.operations.entries()]).toEqual([...operations.entries()]);
  });

  it("holds a document once, however many operations have it", () => {
    const document = "x".repeat(5_000);
    const { texts, spilled } = pack(many(50, () => ({ document })));
    expect([texts.filter((text) => text === document).length, spilled]).toEqual([1, false]);
  });

  it("says whether operations are elsewhere, and brings back the others", () => {
    const operations = many(4, (i) => ({ variables: "x".repeat(i === 1 ? 20_000 : 10) }));
    expect([...findSpilled(operations)]).toEqual(["1"]);
    const unpacked = unpack(pack(operations));
    expect(unpacked?.spilled).toBe(true);
    const session = unpacked?.state.session;
    expect(session?.state === "ready" && [...session.operations.keys()]).toEqual(["0", "2", "3"]);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", "1"],
    ["a list", [1]],
    ["an object of somebody else", { id: UUID }],
    ["another version", { ...pack(new Map()), version: 0 }],
    ["a version in a text", { ...pack(new Map()), version: "1" }],
  ])("is not read from %s", (_, value) => expect(unpackAttachment(value)).toBeUndefined());

  it("brings back any operations", () => {
    fc.assert(
      fc.property(fc.dictionary(anyText(), anyOperation(), { maxKeys: 20 }), (byId) => {
        const operations: Operations = new Map(Object.entries(parsed(byId)));
        const spilled = findSpilled(operations);
        const kept = [...operations].filter(([id]) => !spilled.has(id));
        const session = unpack(pack(operations))?.state.session;
        const left = session?.state === "ready" ? [...session.operations] : [];
        return JSON.stringify(left.map(inOrder)) === JSON.stringify(kept.map(inOrder));
      }),
    );
  });
});

describe("what a socket that may sleep wants", () => {
  const state = stateWith(running(many(2, () => ({}))));
  const sleeping = packAttachment(state, new Set(), { version: "a", wants: [1, 2] });

  it("is read by the version that wrote it, and by no other", () => {
    expect(wantsIn(structuredClone(sleeping), "a")).toEqual([1, 2]);
    expect(wantsIn(sleeping, "b")).toBeUndefined();
    expect(wantsIn(sleeping, undefined)).toBeUndefined();
  });

  it("may be nothing, which is not the same as not to sleep", () => {
    expect(wantsIn(packAttachment(state, new Set(), { version: "a", wants: [] }), "a")).toEqual([]);
    expect(wantsIn(packAttachment(state, new Set()), "a")).toBeUndefined();
    expect(wantsIn(packAttachment(state, new Set()), undefined)).toBeUndefined();
  });

  it.each([undefined, null, "1", { ...sleeping, version: 0 }])("is not read from %j", (value) => {
    expect(wantsIn(value, "a")).toBeUndefined();
  });

  it("is no part of its state", () => expect(unpack(sleeping)).toEqual({ state, spilled: false }));
});

describe("what does not fit", () => {
  it("is the newest, so that what fitted once stays where it is", () => {
    const operations = many(40, (i) => ({ variables: `${i}`.padEnd(700) }));
    const spilled = findSpilled(operations);
    expect([...spilled]).toEqual([...operations.keys()].slice(operations.size - spilled.size));
    expect(spilled.size).toBeGreaterThan(10);
    const fewer: Operations = new Map([...operations].slice(0, 30));
    expect([...findSpilled(fewer)]).toEqual([...spilled].filter((id) => fewer.has(id)));
  });

  it("is the same each time", () => {
    const operations = many(40, (i) => ({ variables: `${i}`.padEnd(700), document: `${i % 3}`.padEnd(900) }));
    expect(findSpilled(new Map(structuredClone(operations)))).toEqual(findSpilled(operations));
  });

  it.each(["x", "é", "漢", "🚰"])("is told apart by bytes, both sides (%s)", (letter) => {
    const fits = (characters: number) =>
      findSpilled(many(1, () => ({ variables: letter.repeat(characters) }))).size === 0;
    let most = 0;
    for (let step = 16_384; step >= 1; step /= 2) if (fits(most + step)) most += step;
    expect(fits(most)).toBe(true);
    expect(fits(most + 1)).toBe(false);
    const packed = pack(many(1, () => ({ variables: letter.repeat(most) })));
    expect(sizeOf(packed)).toBeLessThanOrEqual(OWN_BYTES);
    // The budget is worth something: it is not far below what the platform takes.
    expect(sizeOf(packed)).toBeGreaterThan(12_000);
  });

  it("leaves room for whatever comes behind it and fits", () => {
    const operations = many(3, (i) => ({ variables: "x".repeat([6_000, 12_000, 6_000][i] ?? 0) }));
    expect([...findSpilled(operations)]).toEqual(["1"]);
  });

  it("is nothing when there is nothing", () => {
    expect(findSpilled(new Map())).toEqual(new Set());
  });
});

describe("the size of an attachment", () => {
  it.each<[string, Operations]>([
    ["as many small operations as a socket may have", many(10_000, () => ({}))],
    ["small operations with names", many(300, () => ({ operationName: "A" }))],
    ["small operations that resume", many(300, () => ({ operationName: "A", resume: { cursor: 2 ** 53 - 1 } }))],
    [
      "ids of 128 characters",
      many(
        200,
        () => ({}),
        (i) => `${i}`.padEnd(128),
      ),
    ],
    [
      "ids of 128 wide characters",
      many(
        200,
        () => ({}),
        (i) => `${i}`.padEnd(128, "漢"),
      ),
    ],
    ["a document for each operation", many(200, (i) => ({ document: `subscription { a${i} }` }))],
    ["a wide document for each operation", many(200, (i) => ({ document: `#${i}漢\n{a}` }))],
    ["large orders", new Map([...many(200, () => ({}))].map(([id, one]) => [id, { ...one, order: 2 ** 53 - 1 }]))],
    ["one operation of 128 KiB", many(1, () => ({ variables: "x".repeat(131_072) }))],
    ["variables of one wide character each", many(200, () => ({ variables: '{"a":"漢"}' }))],
  ])("fits with %s", (_, operations) => {
    expect(sizeOf(pack(operations))).toBeLessThanOrEqual(OWN_BYTES);
    expect(sizeOf(pack(operations))).toBeLessThanOrEqual(PLATFORM_BYTES);
  });

  it("fits with any operations", () => {
    const count = fc.integer({ min: 1, max: 150 });
    fc.assert(
      fc.property(
        fc.array(anyOperation(), { minLength: 1, maxLength: 20 }),
        anyText(40),
        count,
        (kinds, prefix, total) => {
          const all = Array.from({ length: total }, (_, i) => [
            `${prefix}${i}`,
            kinds[i % kinds.length] ?? operation(1),
          ]);
          const operations: Operations = new Map(parsed(all) as [string, StoredOperation][]);
          return sizeOf(pack(operations)) <= OWN_BYTES;
        },
      ),
      { numRuns: 200 },
    );
  });
});

function anyOperation(): fc.Arbitrary<StoredOperation> {
  const text = fc.oneof(
    anyText(20),
    fc.tuple(anyText(5), fc.nat(600)).map(([part, times]) => part.repeat(times)),
  );
  return fc
    .record(
      {
        document: text,
        operationName: anyText(20),
        variables: text,
        order: fc.maxSafeNat(),
        resume: fc.record({ cursor: fc.maxSafeNat() }, { requiredKeys: [] }),
      },
      { requiredKeys: ["document", "variables", "order"] },
    )
    .map((made) => ({ ...made }));
}

/** Strings as a JSON parser makes them, which is where those of a socket come from. */
function parsed<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function inOrder([id, { document, operationName, variables, resume, order }]: [string, StoredOperation]) {
  return [id, document, operationName, variables, resume, order];
}

function sizeOf(value: unknown): number {
  return serialize(value).length;
}
