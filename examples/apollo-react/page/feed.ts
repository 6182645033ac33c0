import type { Opportunity, OpportunityEvent } from "./opportunity.ts";
import { createStore } from "./store.ts";

export interface FeedEntry {
  /** Counts what came. */
  readonly number: number;
  readonly event: OpportunityEvent;
  /** As the page knew the record, if it did. */
  readonly before: Opportunity | undefined;
  /** It was published while the page had no connection. */
  readonly isMissed: boolean;
}

/** What came lately, the newest first. */
export const feed = createStore<readonly FeedEntry[]>([]);
