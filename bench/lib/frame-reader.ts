/**
 * Finds the WebSocket frames in the bytes of one connection, without copying them: a fan-out to thousands of sockets is
 * read in one process, which must not become what is measured.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #rest: Buffer | undefined;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @param chunk is not kept beyond the call */
  read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const start = at + headerSize(bytes, at);
      const end = start + payloadSize(bytes, at);
      // Also when the header is cut: its size is no number then.
      if (!(end <= bytes.length)) break;
      this.#onFrame(((bytes[at] ?? 0) & 0x0f) as Opcode, bytes, start, end);
      at = end;
    }
    this.#rest = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at));
  }
}

/** The payload lies between `start` and `end`, and is only there during the call. */
export type OnFrame = (opcode: Opcode, bytes: Buffer, start: number, end: number) => void;

export const OPCODE = { text: 1, close: 8 } as const;
export type Opcode = number;

/** A text frame of a client. The mask is zero: it must be there, and nothing demands that it changes anything. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const isShort = payload.length < 126;
  if (payload.length > 0xffff) throw new RangeError("The load client sends frames of up to 64 KiB.");
  const header = Buffer.alloc(isShort ? 6 : 8);
  header[0] = 0x80 | OPCODE.text;
  header[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

function headerSize(bytes: Buffer, at: number): number {
  const length = bytes[at + 1];
  if (length === undefined) return Number.NaN;
  return length === 127 ? 10 : length === 126 ? 4 : 2;
}

function payloadSize(bytes: Buffer, at: number): number {
  const length = bytes[at + 1];
  if (length === undefined || length < 126) return length ?? Number.NaN;
  if (at + headerSize(bytes, at) > bytes.length) return Number.NaN;
  return length === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
