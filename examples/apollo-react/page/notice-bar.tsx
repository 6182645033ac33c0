import { type Notice, notice } from "./notice.ts";
import { useStore } from "./store.ts";

/** Says what became of what was missed. Always there, so that screen readers notice when it has something to say. */
export function NoticeBar() {
  const now = useStore(notice);
  return (
    <div className="notice" role="status" data-kind={now?.kind}>
      {now && (
        <>
          <p>
            <strong>{now.kind === "gap" ? "Gap" : "Resumed"}</strong> {textOf(now)}
          </p>
          <button type="button" className="dismiss" aria-label="Dismiss" onClick={() => notice.set(() => undefined)}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="m4 4 8 8m0-8-8 8" />
            </svg>
          </button>
        </>
      )}
    </div>
  );
}

function textOf(now: Notice): string {
  if (now.kind === "gap") {
    return now.isFetched
      ? "Some events are no longer in the log. The board was fetched again, and is up to date."
      : "Some events are no longer in the log. Fetching the board again …";
  }
  if (now.missed === 0) return "Nothing happened while you were away.";
  return now.missed === 1
    ? "You missed 1 event while you were away; here it is."
    : `You missed ${now.missed} events while you were away; here they all are, in order.`;
}
