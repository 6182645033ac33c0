import { once } from "../once.ts";
import { type SharedTexts, SharedValue } from "../operation/shared-value.ts";
import type { Viewer } from "../permissions/viewer.ts";
import type { RecordEvent, RecordMessage } from "../pubsub/message.ts";
import { type VisibleRelations, visibleRelations, withRelations } from "./merge-related.ts";
import { objectRecordEvent } from "./stream-value.ts";

/** An event as a viewer sees it. */
export interface SeenEvent {
  readonly event: RecordEvent;
  /** What streams are sent of it. */
  readonly value: () => SharedValue;
}

/** A message of records as one viewer sees it: made once for all streams of those who see the same, and for nobody else. */
export class SeenMessage {
  readonly #message: RecordMessage;
  readonly #viewer: Viewer;
  readonly #texts: SharedTexts;
  readonly #events = new Map<RecordEvent, SeenEvent | undefined>();
  readonly #relations: () => VisibleRelations;

  constructor(message: RecordMessage, viewer: Viewer, texts: SharedTexts) {
    this.#message = message;
    this.#viewer = viewer;
    this.#texts = texts;
    this.#relations = once(() => visibleRelations(message, viewer));
  }

  /** One of its events; undefined when the viewer may not see it. */
  see(published: RecordEvent): SeenEvent | undefined {
    if (this.#events.has(published)) return this.#events.get(published);
    const event = this.#viewer.see(this.#message, published);
    const seen = event && this.#prepare(event);
    this.#events.set(published, seen);
    return seen;
  }

  #prepare(event: RecordEvent): SeenEvent {
    const value = () => {
      const whole = withRelations(event, this.#relations());
      return new SharedValue(objectRecordEvent(this.#message, whole), this.#texts);
    };
    return { event, value: once(value) };
  }
}
