import { describe, expect, it } from "vitest";
import type { RecordTimes } from "../../src/core/pubsub/record-times.ts";

/** What any store of records' times does, whatever it is made of. */
export function describeRecordTimes(
  name: string,
  open: () => RecordTimes,
  within: (test: () => void) => void | Promise<void> = (test) => test(),
): void {
  describe(name, () => {
    it("keeps the newest time of each record of each object, until the log has let go of its event", () =>
      within(() => {
        const times = open();
        expect(times.newest("person", "1")).toBeUndefined();
        times.note("person", "1", 10, 1);
        times.note("person", "2", 20, 2);
        times.note("company", "1", 30, 3);
        times.note("person", "1", 40, 4);
        const newest = () => [times.newest("person", "1"), times.newest("person", "2"), times.newest("company", "1")];
        expect(newest()).toEqual([40, 20, 30]);
        times.forget(2);
        expect(newest()).toEqual([40, undefined, 30]);
        times.forget(4);
        expect(newest()).toEqual([undefined, undefined, undefined]);
      }));
  });
}
