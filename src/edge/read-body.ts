import { GatewayError } from "../core/errors.ts";

/**
 * The body of a request as text, never more than `maxBytes` of it in memory.
 * @throws GatewayError TOO_LARGE past the limit, BAD_REQUEST for what is no UTF-8
 */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = () => new GatewayError("TOO_LARGE", `A body may have ${maxBytes} bytes.`);
  if (Number(request.headers.get("Content-Length") ?? 0) > maxBytes) throw tooLarge();
  if (request.body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let bytes = 0;
  let text = "";
  try {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge();
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (thrown) {
    if (thrown instanceof TypeError) throw new GatewayError("BAD_REQUEST", "The body must be UTF-8.");
    throw thrown;
  }
}
