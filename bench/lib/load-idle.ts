import { setTimeout as sleep } from "node:timers/promises";
import type { IdleOptions } from "./load-commands.ts";
import type { LoadSocket } from "./load-socket.ts";

const STEPS_PER_SECOND = 20;
const LAST_ANSWER_MS = 1_000;

/**
 * Keeps sockets open that do nothing but ping, each in its turn.
 * @throws Error when a ping is not answered
 */
export async function idle(sockets: readonly LoadSocket[], options: IdleOptions): Promise<void> {
  const { seconds, pingEverySeconds } = options;
  const startedAt = performance.now();
  const pings = Math.floor((seconds / pingEverySeconds) * sockets.length);
  for (let sent = 0; sent < pings; ) {
    await sleep(1000 / STEPS_PER_SECOND);
    const elapsed = Math.min((performance.now() - startedAt) / 1000, seconds);
    const due = Math.floor((elapsed / seconds) * pings);
    for (; sent < due; sent++) sockets[sent % sockets.length]?.ping();
  }
  await sleep(LAST_ANSWER_MS);
  const unanswered = sockets.reduce((sum, socket) => sum + socket.unanswered, 0);
  if (unanswered > 0) throw new Error(`${unanswered} of ${pings} pings were not answered.`);
}
