import { expect, test } from "vitest";
import { killAtDelivery } from "../chaos/kill-at-delivery.ts";

// The long run is `npm run chaos:kill`.
test("[PUB-10] every event that a client has received is in the log, though the gateway is killed at that moment", async () => {
  const { delivered, answered, missing } = await killAtDelivery(3);
  expect(missing).toEqual([]);
  expect(delivered).toBeGreaterThanOrEqual(3);
  expect(answered).toBeGreaterThanOrEqual(0);
});
