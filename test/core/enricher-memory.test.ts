import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { Enricher } from "../../durable-objects/enricher.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

it("[STREAM-17] keeps nothing of a call that is over, however many come after it", async () => {
  const enricher = new Enricher({
    service: { enrich: async () => ({}) },
    workspaceId: "w",
    limits: DEFAULT_LIMITS,
    secretFields: new Map(),
    isWanted: () => false,
  });
  const published: WeakRef<object>[] = [];
  for (let call = 0; call < 5; call++) {
    const request = { id: `${call}`, digest: "", source: "direct", events: 1, body: '{"kind":"queueJob"}' } as const;
    published.push(new WeakRef(request));
    await enricher.enrich([request]);
  }
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  // The last one may still be held by the frame above.
  expect(published.slice(0, -1).map((request) => request.deref())).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
