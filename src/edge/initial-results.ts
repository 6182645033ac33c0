import type { Limits } from "../core/limits.ts";
import type { Catalogue } from "../core/operation/catalogue.ts";
import { initialResult } from "../core/operation/initial-result.ts";
import { parseClientMessage } from "../core/protocol/codec.ts";
import { nextFrame, nextFrameHead, readNextFrame } from "../core/protocol/next-frame.ts";

/** What some operations of a relayed socket begin with, kept for clients that take a silent operation for dead. */
export class InitialResults {
  readonly #catalogue: Catalogue;
  readonly #limits: Limits;
  readonly #operations = new Map<string, { readonly frame: string; isLive: boolean }>();

  constructor(catalogue: Catalogue, limits: Limits) {
    this.#catalogue = catalogue;
    this.#limits = limits;
  }

  /**
   * Looks at a frame that goes to the object.
   * @throws ProtocolViolation as the object would
   */
  asked(frame: string): void {
    const message = parseClientMessage(frame, this.#limits.MAX_FRAME_BYTES, this.#limits);
    if (message.type === "complete") this.#operations.delete(message.id);
    if (message.type !== "subscribe") return;
    const initial = initialResult(this.#catalogue, message.payload, this.#limits);
    if (initial === undefined) this.#operations.delete(message.id);
    else this.#operations.set(message.id, { frame: nextFrame(nextFrameHead(message.id), initial), isLive: false });
  }

  /** Looks at a frame that comes from the object: the operation runs when it has a result, and may have ended. */
  answered(frame: string): void {
    if (this.#operations.size === 0) return;
    const next = readNextFrame(frame);
    if (next !== undefined) {
      const operation = this.#operations.get(next.id);
      if (operation !== undefined) operation.isLive = true;
      return;
    }
    // Of what is left, only an error and a complete have an id.
    const { id } = JSON.parse(frame) as { readonly id?: string };
    if (id !== undefined) this.#operations.delete(id);
  }

  /** The `next` frames that show again which operations run. */
  frames(): string[] {
    return [...this.#operations.values()].filter(({ isLive }) => isLive).map(({ frame }) => frame);
  }
}
