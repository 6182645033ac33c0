import { type FeedEntry, feed } from "./feed.ts";
import { formatEuros, formatTime } from "./format.ts";
import { STAGE_NAMES } from "./opportunity.ts";
import { useStore } from "./store.ts";

/** The events in the order in which they came, the newest first. */
export function Feed() {
  const entries = useStore(feed);
  return (
    <aside className="feed" aria-labelledby="feed-title">
      <h2 id="feed-title">Events</h2>
      {entries.length === 0 && <p className="empty">What happens on the board is told here as it comes.</p>}
      <ol>
        {entries.map(({ number, event, before, isMissed }) => (
          <li key={number} data-missed={isMissed}>
            <span className="what">
              <b>{event.record.company}</b> {describe({ event, before })}
            </span>
            <span className="when">
              {isMissed && <span className="missed">missed</span>}
              <time dateTime={event.eventDate}>{formatTime(event.eventDate)}</time>
            </span>
          </li>
        ))}
      </ol>
    </aside>
  );
}

function describe({ event: { action, record }, before }: Pick<FeedEntry, "event" | "before">): string {
  if (action === "CREATED") return "is a new lead";
  if (action === "DESTROYED") return "was archived";
  if (before !== undefined && before.stage === record.stage) {
    return `${formatEuros(before.amount)} → ${formatEuros(record.amount)}`;
  }
  const from = before === undefined ? "" : `${STAGE_NAMES[before.stage]} `;
  return `${from}→ ${STAGE_NAMES[record.stage]}`;
}
