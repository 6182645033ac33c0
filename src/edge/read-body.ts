import { GatewayError } from "../core/errors.ts";

/**
 * The body of a request as text, never more than `maxBytes` of it in memory.
 * @throws GatewayError TOO_LARGE past the limit, BAD_REQUEST for what is no UTF-8
 */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  return decodeBody(await readBytes(request, maxBytes));
}

/**
 * The text of a body.
 * @throws GatewayError BAD_REQUEST for what is no UTF-8
 */
export function decodeBody(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new GatewayError("BAD_REQUEST", "The body must be UTF-8.");
  }
}

/**
 * The body of a request, never more than `maxBytes` of it in memory.
 * @throws GatewayError TOO_LARGE past the limit
 */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const length = request.headers.get("Content-Length");
  // What it does not say in advance may be as much as the limit.
  const most = length === null ? maxBytes : Number(length);
  if (most > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader({ mode: "byob" });
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  while (size <= most) {
    // As much as possible at once, because every read costs as much as a hop, and a byte more than there may be, because
    // that tells of the end as well; but not much more than was sent, or whoever sends nothing would hold memory.
    const room = Math.min(most + 1 - size, Math.max(size, FIRST_PIECE_BYTES));
    const { value: piece = new Uint8Array() } = await reader.read(new Uint8Array(room), { min: room });
    pieces.push(piece);
    size += piece.length;
    if (piece.length < room) return joined(pieces, size);
  }
  throw tooLarge(maxBytes);
}

const FIRST_PIECE_BYTES = 65_536;

function joined(pieces: readonly Uint8Array<ArrayBuffer>[], size: number): Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (first?.length === size) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("TOO_LARGE", `A body may have ${maxBytes} bytes.`);
}
