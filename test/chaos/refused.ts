import type { LineOptions } from "./line.ts";
import { SocketLine } from "./socket-line.ts";
import { SseLine } from "./sse-line.ts";

const QUERY = "subscription { onDbEvent(input: {}) { action } }";
/** A socket that is refused for its token, and a response. */
const REFUSED: readonly number[] = [4403, 401];
const WAIT_MS = 5_000;

/**
 * Opens a line with a token that holds no longer, and asks for everything.
 * @returns whether it is refused; undefined where the gateway was not there to say so
 */
export function isRefused(options: LineOptions): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const end = (result: boolean | undefined) => {
      clearTimeout(timer);
      line.cut("terminate");
      resolve(result);
    };
    const timer = setTimeout(() => end(undefined), WAIT_MS);
    const events = {
      ready: () => line.subscribe("refused", { query: QUERY, extensions: { resume: {} } }),
      message: () => end(false),
      gone: ({ code }: { readonly code: number }) => end(REFUSED.includes(code) ? true : undefined),
      wrong: () => undefined,
      count: () => undefined,
    };
    const line = options.kind === "sse" ? new SseLine(options, events) : new SocketLine(options, events);
  });
}
