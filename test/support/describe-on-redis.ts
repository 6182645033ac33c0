import { describe } from "vitest";
import { whyNoRedis } from "./redis-server.ts";

const reason = whyNoRedis();
if (reason !== undefined) console.warn(`Skipped: tests on a real Redis, as ${reason}.`);

/** `describe` where a Redis can be started; elsewhere its tests are skipped, and the reason is printed. */
export const describeOnRedis = describe.skipIf(reason !== undefined);
