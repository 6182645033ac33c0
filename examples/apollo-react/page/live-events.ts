import type { ApolloCache, ApolloClient } from "@apollo/client";
import { connection, onLive } from "./connection.ts";
import { feed } from "./feed.ts";
import { notice } from "./notice.ts";
import { OPPORTUNITIES, OPPORTUNITY_EVENTS, OPPORTUNITY_FIELDS, type OpportunityEvent } from "./opportunity.ts";

const FEED_LENGTH = 50;

/** Keeps the cache up to date with the events of the gateway. */
export function followEvents(apollo: ApolloClient): void {
  apollo.subscribe({ query: OPPORTUNITY_EVENTS }).subscribe(({ data }) => {
    if (data == null) return;
    const event = data.onDbEvent;
    const { count, since } = connection.get();
    const isMissed = count > 1 && Date.parse(event.eventDate) < since;
    if (isMissed) notice.set((now) => (now?.kind === "resumed" ? { ...now, missed: now.missed + 1 } : now));
    const before = applyEvent(apollo.cache, event);
    feed.set((entries) => {
      const number = (entries[0]?.number ?? 0) + 1;
      return [{ number, event, before, isMissed }, ...entries].slice(0, FEED_LENGTH);
    });
  });

  let seen = 0;
  connection.subscribe(() => {
    const { count } = connection.get();
    if (count > seen && count > 1) notice.set(() => ({ kind: "resumed", missed: 0 }));
    seen = count;
  });

  // What was fetched before the subscription began may be older than its first event.
  let isFirst = true;
  onLive(() => {
    if (isFirst) void reload(apollo);
    isFirst = false;
  });
}

/** Fetches the board, and applies again what came while the answer was on its way. */
export async function reload(apollo: ApolloClient): Promise<void> {
  await apollo.refetchQueries({ include: "active" });
  for (const { event } of feed.get().toReversed()) applyEvent(apollo.cache, event);
  notice.set((now) => (now?.kind === "gap" ? { ...now, isFetched: true } : now));
}

/** Writes what is newer than the cache has it. @returns what the cache had */
function applyEvent(cache: ApolloCache, { action, record }: OpportunityEvent) {
  const after = { ...record, __typename: "Opportunity" } as const;
  const id = cache.identify(after);
  if (id === undefined) return undefined;
  const before = cache.readFragment({ id, fragment: OPPORTUNITY_FIELDS }) ?? undefined;
  if (action === "DESTROYED") {
    cache.evict({ id });
  } else if (before === undefined) {
    // A board that is not there yet is fetched with it.
    cache.updateQuery({ query: OPPORTUNITIES }, (board) => board && { opportunities: [...board.opportunities, after] });
  } else if (before.updatedAt < after.updatedAt) {
    cache.writeFragment({ id, fragment: OPPORTUNITY_FIELDS, data: after });
  }
  return before;
}
