import { expect, test } from "vitest";
import { compileFilters } from "../../schema/event-log-filter.ts";

test("The values of a filter are put in order once for a message, and only when a row comes to it", () => {
  const [first, second] = [countedValues(["login", "logout"]), countedValues(["alice"])];
  const passes = compileFilters([
    { field: "event", operand: "IS", values: first.values },
    { field: "user", operand: "IS_NOT", values: second.values },
  ]);

  expect([passes({ event: "sync", user: "bob" }), passes({ user: "bob" })]).toEqual([false, false]);
  expect([first.looks(), second.looks()]).toEqual([1, 0]);

  expect([passes({ event: "login", user: "bob" }), passes({ event: "logout", user: "alice" })]).toEqual([true, false]);
  expect([first.looks(), second.looks()]).toEqual([1, 1]);
});

/** Values that tell how often somebody went through them. */
function countedValues(values: readonly string[]) {
  let looks = 0;
  const counted = Object.assign([...values], {
    [Symbol.iterator]() {
      looks++;
      return values.values();
    },
  });
  return { values: counted, looks: () => looks };
}
