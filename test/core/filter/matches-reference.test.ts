import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyFilter, anyRecord, FIELDS, fittingRecord, match } from "./fixtures.ts";
import { type ReferenceOptions, referenceMatch } from "./reference-matcher.ts";

const record = fc.oneof(anyRecord, fittingRecord);
const options: fc.Arbitrary<ReferenceOptions> = fc.record({
  fields: fc.constant(FIELDS),
  includesDeleted: fc.boolean(),
});

describe("any filter on any record", () => {
  it("is judged as Twenty's matcher judges it", () => {
    fc.assert(
      fc.property(anyFilter, record, options, (filter, record, options) => {
        expect(match(filter, record, options)).toBe(referenceMatch(filter, record, options));
      }),
      { numRuns: 4_000 },
    );
  });

  it("is judged by inferred types when none are known", () => {
    fc.assert(
      fc.property(anyFilter, record, fc.boolean(), (filter, record, includesDeleted) => {
        expect(match(filter, record, { includesDeleted })).toBe(referenceMatch(filter, record, { includesDeleted }));
      }),
      { numRuns: 4_000 },
    );
  });

  it("meets all three verdicts often enough to tell", () => {
    const seen = { true: 0, false: 0, error: 0 };
    fc.assert(
      fc.property(anyFilter, fittingRecord, (filter, record) => {
        seen[`${match(filter, record, { fields: FIELDS })}`]++;
      }),
      { numRuns: 3_000 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(200);
  });
});
