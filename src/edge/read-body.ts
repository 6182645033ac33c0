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
  // With room for a byte too many, a single read tells of the end as well: each one costs as much as a hop.
  const room = new Uint8Array(most + 1);
  const { value = new Uint8Array() } = await request.body.getReader({ mode: "byob" }).read(room, { min: room.length });
  if (value.length > most) throw tooLarge(maxBytes);
  return value;
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("TOO_LARGE", `A body may have ${maxBytes} bytes.`);
}
