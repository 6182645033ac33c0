import { isObject } from "./json.ts";

const EVERY_MS = 30_000;
/** Fields whose subscribers take silence for a dead stream, as Twenty's front-end does after 90 s. */
const WATCHED = /\bon(?:EventSubscription|AgentChatEvent)\b/;

/**
 * Repeats a `next` with nothing in it for subscribers that take silence for a dead stream: over a socket the pings keep
 * watch, and no subscriber sees them. Its shape is that of the last real one.
 */
export class EmptyNext {
  readonly #emit: (data: Record<string, unknown>) => void;
  readonly #isWatched: boolean;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(query: string, emit: (data: Record<string, unknown>) => void) {
    this.#isWatched = WATCHED.test(query);
    this.#emit = emit;
  }

  /** A real `next` came: silence begins after it. */
  follow(data: unknown): void {
    if (!this.#isWatched || !isObject(data)) return;
    this.stop();
    const empty = Object.fromEntries(Object.entries(data).map(([field, value]) => [field, emptied(value)]));
    this.#timer = setInterval(() => this.#emit(empty), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The lists of an event stream without their items, the event of a chat as Twenty's server makes it for this purpose. */
function emptied(value: unknown): unknown {
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => {
    if (Array.isArray(member)) return [name, []];
    return [name, name === "event" && isObject(member) ? { type: "keepalive" } : member];
  });
  return Object.fromEntries(members);
}
