import { utf8Size } from "../core/text-size.ts";
import type { Frame } from "./dialect.ts";

export interface HeldFramesLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
}

/** Frames of a client that wait for its socket to the object, in order. Whoever sends them may not be known yet. */
export class HeldFrames {
  readonly #limits: HeldFramesLimits;
  readonly #frames: Frame[] = [];
  #bytes = 0;

  constructor(limits: HeldFramesLimits) {
    this.#limits = limits;
  }

  /** Returns whether there was room for it. */
  hold(frame: Frame): boolean {
    const bytes = typeof frame === "string" ? utf8Size(frame) : frame.byteLength;
    if (this.#frames.length >= this.#limits.maxCount || this.#bytes + bytes > this.#limits.maxBytes) return false;
    this.#frames.push(frame);
    this.#bytes += bytes;
    return true;
  }

  /** Takes them all out. */
  take(): readonly Frame[] {
    this.#bytes = 0;
    return this.#frames.splice(0);
  }
}
