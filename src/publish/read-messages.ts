import { GatewayError } from "../core/errors.ts";
import { MAX_BYTES_PER_PARSED_UNIT, type PlainJson, toPlainJson } from "../core/plain-json.ts";
import { isLargerThan, utf8Size } from "../core/text-size.ts";
import type { PublishDoor } from "./publish-door.ts";
import { isRefused, publishErrorOf, type RefusedResult } from "./publish-result.ts";

/** A message as plain JSON. */
export type ReadMessage = Pick<PlainJson, "value">;

/**
 * Turns what a door was given into plain JSON, message by message.
 *
 * A direct call is one request: its number of messages and all their bytes have a limit, and past it nothing is taken.
 * A queue batch was put together by the platform, from messages that have nothing to do with each other, so there the
 * limit in bytes is one of each message, and the batch has none.
 * @throws GatewayError BAD_MESSAGE for what is no list of messages, TOO_LARGE for a direct call past its limits
 */
export function readMessages(input: unknown, door: ReadDoor): (ReadMessage | RefusedResult)[] {
  const { MAX_PUBLISH_MESSAGES, MAX_PUBLISH_BYTES } = door.settings.limits;
  const isDirect = door.source === "direct";
  if (!Array.isArray(input) || input.length === 0) {
    throw new GatewayError("BAD_MESSAGE", `messages: expected a list of 1 to ${MAX_PUBLISH_MESSAGES} messages.`);
  }
  if (isDirect && input.length > MAX_PUBLISH_MESSAGES) {
    throw new GatewayError("TOO_LARGE", `messages: expected at most ${MAX_PUBLISH_MESSAGES} messages.`);
  }
  // Printing and counting a call costs as much as parsing it.
  if (isSurelyWithin(MAX_PUBLISH_BYTES, door)) return input.map((value: unknown) => ({ value }));
  let bytes = 0;
  return Array.from(input, (message: unknown) => {
    const read = readMessage(message, door);
    if (isDirect) {
      if (!isRefused(read)) bytes += utf8Size(read.text);
      else if (read.error.code === "TOO_LARGE") bytes = Number.POSITIVE_INFINITY;
      if (bytes > MAX_PUBLISH_BYTES) {
        throw new GatewayError("TOO_LARGE", `messages: expected at most ${MAX_PUBLISH_BYTES} bytes of JSON.`);
      }
    }
    return read;
  });
}

type ReadDoor = Pick<PublishDoor, "settings" | "source" | "parsedUnits">;

function isSurelyWithin(maxBytes: number, { parsedUnits }: ReadDoor): boolean {
  return parsedUnits !== undefined && parsedUnits * MAX_BYTES_PER_PARSED_UNIT <= maxBytes;
}

function readMessage(message: unknown, { settings: { limits }, parsedUnits }: ReadDoor): PlainJson | RefusedResult {
  try {
    const read =
      parsedUnits === undefined
        ? toPlainJson(message, { maxDepth: limits.MAX_JSON_DEPTH, maxSize: limits.MAX_PUBLISH_BYTES })
        : { text: JSON.stringify(message), value: message };
    if (!isLargerThan(read.text, limits.MAX_PUBLISH_BYTES)) return read;
    throw new GatewayError("TOO_LARGE", `Expected a message of at most ${limits.MAX_PUBLISH_BYTES} bytes.`);
  } catch (thrown) {
    return { error: publishErrorOf(thrown) };
  }
}
