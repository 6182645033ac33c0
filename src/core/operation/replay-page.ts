import { messageOf } from "../errors.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { LogRow } from "../pubsub/replay-log.ts";
import type { Interest } from "../pubsub/subscription-index.ts";
import type { SubscriptionPlan } from "./plan-operation.ts";
import type { Scope } from "./subscription-field.ts";
import { type LoggedMessage, makePayload, offsetOf, type Payload } from "./subscription-groups.ts";

/** A stretch of the log as one operation would have received it. */
export interface ReplayPage {
  readonly payloads: readonly Payload[];
  /** Everything up to this offset is in the page or was nothing for the operation. */
  readonly upTo: number;
}

/**
 * What an operation would have received from rows of the log, by the same matching and execution as live.
 * @param after events up to this offset are left out
 * @param rows in order; the page may end before the last of them, and between two events of one
 * @param read parses a row
 */
export function replayPage(
  plan: SubscriptionPlan,
  viewer: Viewer,
  scope: Scope,
  after: number,
  rows: readonly LogRow[],
  maxBytes: number,
  read: (row: LogRow) => LoggedMessage,
  positionAt: (offset: number) => string,
): ReplayPage {
  const payloads: Payload[] = [];
  let upTo = after;
  let bytes = 0;
  for (const row of rows) {
    for (const payload of payloadsOf(plan, viewer, scope, row, after, read, positionAt)) {
      if (bytes >= maxBytes) return { payloads, upTo };
      payloads.push(payload);
      bytes += payload.bytes;
      upTo = payload.offset;
    }
    upTo = row.offset;
  }
  return { payloads, upTo };
}

/** A row that cannot be delivered is left out and logged: it must not stop what comes after it. */
function payloadsOf(
  plan: SubscriptionPlan,
  viewer: Viewer,
  scope: Scope,
  row: LogRow,
  after: number,
  read: (row: LogRow) => LoggedMessage,
  positionAt: (offset: number) => string,
): Payload[] {
  try {
    const { message } = read(row);
    if (!plan.field.listensTo.includes(message.kind)) return [];
    const occurrences = plan.field.occurrencesIn(message, row.at, { ...scope, only: plan.interest });
    return occurrences
      .filter(({ topic, event }) => offsetOf(row, event) > after && fits(plan.interest, topic))
      .flatMap((occurrence) => {
        return makePayload(plan, viewer, occurrence, offsetOf(row, occurrence.event), positionAt) ?? [];
      });
  } catch (thrown) {
    console.error({ message: "A row of the log cannot be replayed", offset: row.offset, error: messageOf(thrown) });
    return [];
  }
}

function fits(interest: Interest, topic: readonly string[]): boolean {
  return interest.every((part, i) => part === undefined || part === topic[i]);
}
