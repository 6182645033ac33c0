import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicros } from "./process-usage.ts";
import type { Server } from "./server.ts";

const STEP_MS = 50;
/** What timers and threads that look around take. */
const IDLE_SHARE = 0.02;
const QUIET_STEPS = 3;
const TIMEOUT_MS = 20_000;

/** Waits until a server has nothing to do any more, so that what it does afterwards is due to what it is asked then. */
export async function untilQuiet({ pids, host }: Server): Promise<void> {
  const giveUpAt = performance.now() + TIMEOUT_MS;
  let before = cpuMicros(pids);
  for (let quiet = 0; quiet < QUIET_STEPS; ) {
    if (performance.now() > giveUpAt) throw new Error(`The server at ${host} does not come to rest.`);
    await sleep(STEP_MS);
    const now = cpuMicros(pids);
    quiet = now - before < IDLE_SHARE * STEP_MS * 1_000 ? quiet + 1 : 0;
    before = now;
  }
}
