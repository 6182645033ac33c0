import { describe, expect, it } from "vitest";
import { catalogue } from "../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { ProtocolViolation } from "../../src/core/protocol/codec.ts";
import { nextFrame, nextFrameHead } from "../../src/core/protocol/next-frame.ts";
import { legacyDialect } from "../../src/edge/dialect.ts";
import { InitialResults } from "../../src/edge/initial-results.ts";
import { UUID } from "../support/publish-fixtures.ts";

const CHAT = `subscription { onAgentChatEvent(threadId: "${UUID}") { event } }`;
const EVENTS = "subscription { onDbEvent(input: {}) { action } }";

const result = (id: string) => nextFrame(nextFrameHead(id), '{"data":null}');

function newOperations(...ids: readonly string[]) {
  const results = new InitialResults(catalogue, DEFAULT_LIMITS);
  const ask = (message: object) => results.asked(JSON.stringify(message));
  for (const id of ids) ask({ type: "subscribe", id, payload: { query: CHAT } });
  const running = () => results.frames().map((frame) => (JSON.parse(frame) as { readonly id: string }).id);
  return { results, ask, running };
}

describe("InitialResults", () => {
  it("[LEGACY-9] are of operations that begin with one, from their first result on", () => {
    const { results, ask, running } = newOperations("1", '"2"');
    ask({ type: "subscribe", id: "3", payload: { query: EVENTS } });
    for (const id of ["3", '"2"']) results.answered(result(id));
    expect(running()).toEqual(['"2"']);
    results.answered(result("1"));
    expect(running()).toEqual(["1", '"2"']);
    const keepalive = { data: { onAgentChatEvent: { event: { type: "keepalive" } } } };
    expect(results.frames().map((frame) => JSON.parse(frame))).toMatchObject([
      { id: "1", type: "next", payload: keepalive },
      { id: '"2"', type: "next", payload: keepalive },
    ]);
  });

  it("[LEGACY-9] end with their operations, whoever ends them", () => {
    const { results, ask, running } = newOperations("1", "2", "3", "4");
    for (const id of ["1", "2", "3", "4"]) results.answered(result(id));
    ask({ type: "complete", id: "1" });
    results.answered('{"type":"complete","id":"2"}');
    results.answered('{"id":"3","type":"error","payload":[]}');
    results.answered('{"type":"ping","payload":{}}');
    expect(running()).toEqual(["4"]);
    ask({ type: "subscribe", id: "4", payload: { query: EVENTS } });
    expect(running()).toEqual([]);
  });

  it("refuse a message that the object would refuse", () => {
    expect(() => newOperations("")).toThrow(ProtocolViolation);
  });
});

it("[LEGACY-9] the old dialect is told the initial results as data", () => {
  const { fromClient, toClient, repeated = [] } = legacyDialect({ ...DEFAULT_LIMITS, KEEP_ALIVE_SECONDS: 7 });
  fromClient(JSON.stringify({ type: "start", id: "1", payload: { query: CHAT } }));
  toClient?.(result("1"));
  expect(repeated.map(({ everyMs, frames }) => [everyMs, frames().map((frame) => JSON.parse(String(frame)))])).toEqual([
    [12_000, [{ type: "ka" }]],
    [7_000, [{ id: "1", type: "data", payload: { data: { onAgentChatEvent: { event: { type: "keepalive" } } } } }]],
  ]);
});
