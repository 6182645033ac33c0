import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gapPing, positionPing } from "../../../src/core/protocol/position-pings.ts";
import { parseResumeRequest } from "../../../src/core/protocol/resume-request.ts";

const POSITION = "cf7ea419.0123456789az.42";

describe("parseResumeRequest", () => {
  it.each<[object | undefined]>([
    [undefined],
    [{}],
    [{ resume: null }],
    [{ other: {} }],
    [JSON.parse('{"__proto__":{"resume":{}}}')],
  ])("[RESUME-2] finds nothing asked for in %j", (extensions) =>
    expect(parseResumeRequest(extensions as never)).toEqual({ type: "none" }),
  );

  it.each([{ resume: {} }, { resume: { after: null } }, { resume: { other: 1 } }])(
    "[RESUME-1] finds positions asked for in %j",
    (extensions) => expect(parseResumeRequest(extensions)).toEqual({ type: "from-now" }),
  );

  it("[RESUME-3] finds the position to go on from", () => {
    expect(parseResumeRequest({ resume: { after: POSITION } })).toEqual({
      type: "after",
      position: { workspace: "cf7ea419", epoch: "0123456789az", offset: 42 },
    });
  });

  it.each([
    true,
    7,
    POSITION,
    [POSITION],
    { after: "" },
    { after: 42 },
    { after: `${POSITION} ` },
    { after: { position: POSITION } },
  ])("[BAD-POSITION] says that %j is malformed", (resume) =>
    expect(parseResumeRequest({ resume })).toEqual({ type: "malformed" }),
  );

  it("takes any extensions", () => {
    const types = ["none", "from-now", "after", "malformed"];
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (resume, after) =>
        [{ resume }, { resume: { after } }].every((extensions) => types.includes(parseResumeRequest(extensions).type)),
      ),
    );
  });
});

it("[RESUME-1] [GAP-1] positions and gaps are pings that name their operation", () => {
  expect(positionPing("1", POSITION)).toEqual({ type: "ping", payload: { position: { id: "1", position: POSITION } } });
  expect(gapPing("1", POSITION)).toEqual({ type: "ping", payload: { gap: { id: "1", position: POSITION } } });
});
