import { describe, expect, it } from "vitest";
import { catalogue } from "../../../schema/index.ts";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { countByDocument } from "../../../src/core/operation/count-by-document.ts";
import { planOperation, type SubscriptionPlan } from "../../../src/core/operation/plan-operation.ts";
import { prepareDocument, socketDocumentLimits } from "../../../src/core/operation/prepare-document.ts";

function planOf(source: string, operationName?: string, variables: object = { input: {} }): SubscriptionPlan {
  const prepared = prepareDocument(catalogue.schema, source, socketDocumentLimits(DEFAULT_LIMITS));
  const named = operationName === undefined ? {} : { operationName };
  const planned = planOperation(catalogue, prepared, { ...named, variables: JSON.stringify(variables) });
  if (planned.type !== "subscription") throw new Error("The operation should run.");
  return planned.plan;
}

const ANONYMOUS = "subscription ($input: OnDbEventInput!) { onDbEvent(input: $input) { record } }";
const NAMED = "subscription People { onDbEvent(input: {}) { record } }";
const SEVERAL = "subscription A { onDbEvent(input: {}) { action } } subscription B { onDbEvent(input: {}) { record } }";

describe("countByDocument", () => {
  it("[ADMIN-2] counts operations by document and name, most first, and shows no variables", async () => {
    const secret = { input: { recordId: "somebody" } };
    const running = [planOf(NAMED), planOf(ANONYMOUS, undefined, secret), planOf(ANONYMOUS), planOf(ANONYMOUS)];
    const counts = await countByDocument([
      ...running,
      planOf(SEVERAL, "A"),
      planOf(SEVERAL, "B"),
      planOf(SEVERAL, "B"),
    ]);
    expect(counts.map(({ count, operation }) => [count, operation])).toEqual([
      [3, ANONYMOUS],
      [2, "B"],
      [1, "People"],
      [1, "A"],
    ]);
    const [anonymous, b, people, a] = counts.map(({ hash }) => hash);
    expect(b).toBe(a);
    expect(new Set([anonymous, b, people]).size).toBe(3);
    expect(anonymous).toMatch(/^[0-9a-f]{12}$/);
    expect(JSON.stringify(counts)).not.toContain("somebody");
  });

  it("[ADMIN-2] tells of 20 documents, and of each by 200 characters at most", async () => {
    const long = `subscription ${"x".repeat(300)} { onDbEvent(input: {}) { record } }`;
    const many = Array.from({ length: 30 }, (_, i) => planOf(`subscription S${i} { onDbEvent(input: {}) { record } }`));
    const counts = await countByDocument([...many, planOf(long), planOf(long)]);
    expect(counts).toHaveLength(20);
    expect(counts[0]).toMatchObject({ count: 2, operation: "x".repeat(200) });
  });

  it("tells nothing where nothing runs", async () => {
    expect(await countByDocument([])).toEqual([]);
  });
});
