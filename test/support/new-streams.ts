import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import type { Scope } from "../../src/core/operation/subscription-field.ts";
import { EventStreams } from "../../src/core/streams/event-streams.ts";
import { MemoryStreamStore } from "../../src/core/streams/memory-stream-store.ts";

/** The event streams of a workspace that has none yet. */
export function newStreams(limits = DEFAULT_LIMITS, store = new MemoryStreamStore(), head = 0): EventStreams {
  return new EventStreams({
    limits,
    stored: store.load(),
    store: () => store,
    head,
    channelIdOf: (id) => `channel-of-${id}`,
    keptBesides: () => ({ ofCaller: 0, ofAll: 0 }),
  });
}

/** What a message meets where no operation holds a stream. */
export const NO_STREAMS: Scope = { streams: newStreams() };
