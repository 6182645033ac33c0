import { expect, test } from "vitest";
import { isSubscription } from "../../client/is-subscription.ts";

test.each([
  ["subscription { a }", undefined],
  ["subscription S { a }", undefined],
  ["subscription S($v: T = { a: [1] }) @live { a }", undefined],
  ["  # query Q { a }\n subscription S{ a }", undefined],
  ["fragment subscription on T { a } subscription S { ...subscription }", undefined],
  ["query Q { a } subscription S { a }", "S"],
  ["subscription S { a } query Q { a }", null],
  ['"""query Q { a }""" subscription S { a }', undefined],
  ["subscription,S,{ a }", "S"],
  ["\uFEFFsubscription\n#c\nS { a }", "S"],
])("[C1] %j with operation name %j is a subscription", (query, operationName) => {
  expect(isSubscription({ query, ...(operationName != null && { operationName }) })).toBe(true);
});

test.each([
  ["{ subscription }", undefined],
  ["query { subscription { a } }", undefined],
  ["query subscription { a }", undefined],
  ["mutation M { a(subscription: 1) }", undefined],
  ["query Q @subscription { a }", undefined],
  ["query Q($subscription: Int) { a }", undefined],
  ["query Q { a } subscription S { a }", "Q"],
  ['{ a(b: "} subscription S { a }") }', undefined],
  ['{ a(b: """} subscription \\""" S { a }""") }', undefined],
  ["{ a } # } subscription", undefined],
  ["subscription S { a }", "T"],
  ["mysubscription S { a }", undefined],
  ["", undefined],
  ["}{ nonsense ((", undefined],
])("[C1] %j with operation name %j is none", (query, operationName) => {
  expect(isSubscription({ query, ...(operationName != null && { operationName }) })).toBe(false);
});
