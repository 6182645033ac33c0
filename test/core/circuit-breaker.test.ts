import { expect, it } from "vitest";
import { CircuitBreaker } from "../../src/core/circuit-breaker.ts";

it("[STREAM-18] rests after so many failures in a row, once, and a success in between begins anew", () => {
  const breaker = new CircuitBreaker(2, 100);
  expect([breaker.fail(0), breaker.isOpen(0)]).toEqual([false, false]);
  breaker.succeed();
  expect([breaker.fail(1), breaker.fail(2), breaker.fail(3)]).toEqual([false, true, false]);
  expect(breaker.state(3)).toEqual({ failuresInARow: 3, restsUntil: 102 });
  expect([breaker.isOpen(101), breaker.isOpen(102)]).toEqual([true, false]);
});

it("[STREAM-18] after its rest the next failure gives it another, and a success ends that", () => {
  const breaker = new CircuitBreaker(2, 100);
  breaker.fail(0);
  breaker.fail(0);
  expect(breaker.fail(100)).toBe(true);
  breaker.succeed();
  expect([breaker.fail(200), breaker.state(200)]).toEqual([false, { failuresInARow: 1 }]);
});
