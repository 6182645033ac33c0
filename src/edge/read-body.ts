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
  const tooLarge = () => new GatewayError("TOO_LARGE", `A body may have ${maxBytes} bytes.`);
  if (Number(request.headers.get("Content-Length") ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
