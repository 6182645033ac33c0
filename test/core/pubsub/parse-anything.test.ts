import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { isJsonObject } from "../../../src/core/json.ts";
import { parseMessage } from "../../../src/core/pubsub/parse-message.ts";
import {
  chatMessage,
  databaseEvent,
  messageRules,
  metadataCreated,
  personUpdated,
  queueJobUpdated,
} from "../../support/publish-fixtures.ts";

const rules = messageRules();
const good = fc.constantFrom(personUpdated(), metadataCreated(), queueJobUpdated(), chatMessage(), databaseEvent());

describe("parseMessage", () => {
  it("takes or refuses any JSON, and never fails otherwise", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => takenOrRefused(value)));
  });

  it("takes or refuses a good message with anything in any place, and refuses without telling what was there", () => {
    fc.assert(
      fc.property(good, fc.nat(), fc.jsonValue({ maxDepth: 2 }), (message, place, value) => {
        takenOrRefused(replaceAt(message, place, value));
        takenOrRefused(replaceAt(message, place, ["content-of-the-message"]));
      }),
    );
  });

  it("takes or refuses a good message with __proto__ in any place", () => {
    fc.assert(
      fc.property(good, fc.nat(), (message, place) => {
        takenOrRefused(replaceAt(message, place, JSON.parse('{"__proto__":{"polluted":true}}')));
        expect("polluted" in {}).toBe(false);
      }),
    );
  });

  it("parses what it stored to the same again, where the shape allows it", () => {
    const { message } = parseMessage(personUpdated(), rules);
    const again = JSON.parse(JSON.stringify(message));
    expect(parseMessage({ ...personUpdated(), events: again.events }, rules).message).toEqual(message);
  });
});

function takenOrRefused(value: unknown): void {
  try {
    parseMessage(value, rules);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(GatewayError);
    expect(thrown).toHaveProperty("message", expect.not.stringContaining("content-of-the-message"));
  }
}

/** The same value with another one in the place that a walk over it reaches after `place` steps, modulo their number. */
function replaceAt(value: unknown, place: number, replacement: unknown): unknown {
  const counter = { left: place % countOf(value) };
  return walk(value);

  function walk(part: unknown): unknown {
    if (counter.left-- === 0) return replacement;
    if (Array.isArray(part)) return part.map(walk);
    if (!isJsonObject(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, walk(member)]));
  }
}

function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((count, member) => count + countOf(member), 1);
}
