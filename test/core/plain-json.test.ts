import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import { MAX_BYTES_PER_PARSED_UNIT, parsePlainJson, toPlainJson } from "../../src/core/plain-json.ts";
import { utf8Size } from "../../src/core/text-size.ts";

const bounds = { maxDepth: 64, maxSize: 10_000 };

describe("toPlainJson", () => {
  it("writes what structured clone keeps and JSON does not", () => {
    const value = { at: new Date(0), bad: new Date(Number.NaN), none: undefined, list: [undefined, Number.NaN] };
    const { text, value: plain } = toPlainJson(value, bounds);
    expect(text).toBe('{"at":"1970-01-01T00:00:00.000Z","bad":null,"list":[null,null]}');
    expect(plain).toEqual(JSON.parse(text));
  });

  it("allows exactly the levels it is given", () => {
    expect(toPlainJson(nested(64), bounds).text).toBe(`${"[".repeat(64)}${"]".repeat(64)}`);
    expect(codeOf(() => toPlainJson(nested(65), bounds))).toBe("BAD_MESSAGE");
  });

  it("counts a date as no level", () => {
    expect(toPlainJson([new Date(0)], { ...bounds, maxDepth: 1 }).text).toBe('["1970-01-01T00:00:00.000Z"]');
  });

  it("ends at 10,000 levels and at cycles", () => {
    const cycle: Record<string, unknown> = { name: "a" };
    cycle.self = { cycle };
    expect(codeOf(() => toPlainJson(nested(10_000), bounds))).toBe("BAD_MESSAGE");
    expect(codeOf(() => toPlainJson(cycle, bounds))).toBe("BAD_MESSAGE");
  });

  it("ends at a small graph that unfolds into a huge text", () => {
    let bomb: unknown = "x";
    for (let i = 0; i < 60; i++) bomb = [bomb, bomb];
    expect(codeOf(() => toPlainJson(bomb, bounds))).toBe("TOO_LARGE");
    expect(codeOf(() => toPlainJson(new Array(4_000_000_000), bounds))).toBe("TOO_LARGE");
  });

  it.each([
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
    ["bytes", new Uint8Array(8)],
    ["a buffer", new ArrayBuffer(8)],
    ["an error", new Error("a")],
    ["a regular expression", /a/],
    ["its own toJSON", { toJSON: () => "anything" }],
  ])("refuses %s, at any place", (_, value) => {
    expect(codeOf(() => toPlainJson(value, bounds))).toBe("BAD_MESSAGE");
    expect(codeOf(() => toPlainJson({ a: [value] }, bounds))).toBe("BAD_MESSAGE");
  });

  it("does not say what it found", () => {
    const tagged = { [Symbol.toStringTag]: "a secret" };
    expect(() => toPlainJson(tagged, bounds)).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching("secret") }),
    );
  });

  it("takes a text of the size that is allowed, and none above", () => {
    const text = "x".repeat(bounds.maxSize - 2);
    expect(toPlainJson(text, bounds).text).toHaveLength(bounds.maxSize);
    expect(codeOf(() => toPlainJson(`${text}x`, bounds))).toBe("TOO_LARGE");
  });

  it("never refuses for its size what is written within it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const maxSize = JSON.stringify(value).length;
        expect(toPlainJson(value, { maxDepth: 64, maxSize }).text.length).toBeLessThanOrEqual(maxSize);
      }),
    );
  });

  it("drops __proto__ keys wherever they are", () => {
    const value: unknown = JSON.parse('{"a":{"__proto__":{"admin":true},"b":[{"__proto__":1}]},"c":"\\"__proto__\\""}');
    const plain = toPlainJson(value, bounds);
    expect(plain.text).toBe('{"a":{"b":[{}]},"c":"\\"__proto__\\""}');
    expect(plain.value).toEqual({ a: { b: [{}] }, c: '"__proto__"' });
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });

  it("writes nothing at all as null", () => {
    expect(toPlainJson(undefined, bounds)).toEqual({ text: "null", value: null });
  });
});

describe("parsePlainJson", () => {
  it("gives what toPlainJson gives, for whatever JSON writes", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parsePlainJson(text)).toEqual(toPlainJson(JSON.parse(text), bounds).value);
      }),
    );
  });

  it("drops every __proto__ key, however it was written", () => {
    const value = parsePlainJson('{"a":{"\\u005f_proto__":{"b":1}},"__proto__":2,"c":3}');
    expect(value).toStrictEqual({ a: {}, c: 3 });
  });

  it("drops a __proto__ key whichever of its letters are escaped, in either case of the digits", () => {
    const letters = fc.tuple(...Array.from("__proto__", waysToWrite));
    fc.assert(
      fc.property(letters, (written) => {
        const key = written.join("");
        expect(JSON.parse(`"${key}"`)).toBe("__proto__");
        expect(Object.keys(parsePlainJson(`{"a":{"${key}":1,"b":2}}`) as object)).toEqual(["a"]);
        expect(parsePlainJson(`{"a":{"${key}":1,"b":2}}`)).toStrictEqual({ a: { b: 2 } });
      }),
    );
  });

  it("drops no more than a reviver would", () => {
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof({ maxDepth: 5 }, fc.jsonValue({ maxDepth: 0 }), fc.array(tie("json")), tie("object")),
      object: fc
        .array(fc.tuple(fc.constantFrom("__proto__", "a", "0", "constructor", "__proto"), tie("json")))
        .map((members) => Object.fromEntries(members)),
    }));
    const isKept = (key: string, member: unknown) => (key === "__proto__" ? undefined : member);
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parsePlainJson(text))).toBe(JSON.stringify(JSON.parse(text, isKept)));
      }),
    );
  });

  it("keeps what only looks like such a key", () => {
    for (const text of ['["__proto__"]', '{"__proto":1}', '{"\\\\u005f_proto__":1}', '["\\u005f\\u0070\\u00e9"]']) {
      expect(parsePlainJson(text)).toEqual(JSON.parse(text));
    }
  });

  it("refuses what is no JSON", () => {
    for (const text of ["", "{", '{"__proto__":}', '"\\u005"']) expect(() => parsePlainJson(text)).toThrow(SyntaxError);
  });
});

describe("MAX_BYTES_PER_PARSED_UNIT", () => {
  const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 25 }).map((list) => list.join(""));
  const whole = fc.oneof(
    fc.constant("0"),
    digits.map((text) => text.replace(/^0+(?=\d)/, "")),
  );
  const number = fc
    .tuple(
      fc.boolean(),
      whole,
      fc.option(digits),
      fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), fc.nat(400))),
    )
    .map(([minus, before, after, exponent]) =>
      [minus ? "-" : "", before, after === null ? "" : `.${after}`, ...(exponent ?? [])].join(""),
    );
  const unit = fc.nat(0xffff);
  const string = fc
    .array(fc.tuple(unit, fc.boolean()), { maxLength: 20 })
    .map((units) => `"${units.map(written).join("")}"`);
  const text = fc.array(fc.oneof(number, string, fc.json()), { maxLength: 8 }).map((items) => `[${items.join(",")}]`);

  it("bounds what is written of any text that was parsed", () => {
    fc.assert(
      fc.property(text, (source) => {
        const again = JSON.stringify(parsePlainJson(source));
        expect(utf8Size(again)).toBeLessThanOrEqual(source.length * MAX_BYTES_PER_PARSED_UNIT);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    "1e20",
    "9e9",
    "1e-6",
    "-1e20",
    "1e21",
    "1e400",
    "5e-324",
    '"\ud800"',
    '"\uffff"',
    '"\u007f"',
    '"\\/"',
    "0",
    '""',
  ])("bounds %j a thousand times over", (item) => {
    const source = `[${Array.from({ length: 1_000 }, () => item).join(",")}]`;
    const again = JSON.stringify(parsePlainJson(source));
    expect(utf8Size(again)).toBeLessThanOrEqual(source.length * MAX_BYTES_PER_PARSED_UNIT);
  });
});

/** A letter as it is, and escaped. */
function waysToWrite(letter: string): fc.Arbitrary<string> {
  const code = letter.charCodeAt(0).toString(16).padStart(4, "0");
  return fc.constantFrom(letter, `\\u${code}`, `\\u${code.toUpperCase()}`);
}

/** A UTF-16 unit in a JSON string: as it is where that is allowed, or escaped. */
function written([unit, isEscaped]: readonly [number, boolean]): string {
  const mustBe = unit < 0x20 || unit === 0x22 || unit === 0x5c;
  return isEscaped || mustBe ? `\\u${unit.toString(16).padStart(4, "0")}` : String.fromCharCode(unit);
}

function nested(levels: number): unknown {
  let value: unknown[] = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code;
    throw thrown;
  }
  return undefined;
}
