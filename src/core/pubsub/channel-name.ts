import { parseUuid } from "../uuid.ts";
import { readText, refuse } from "./read-field.ts";

/** The channels of Twenty, each with what stands behind its name, if anything. Twenty puts the workspace in between. */
const TWENTY_CHANNELS = {
  DATABASE_EVENT_CHANNEL: undefined,
  SERVERLESS_FUNCTION_LOGS_CHANNEL: undefined,
  LOGIC_FUNCTION_LOGS_CHANNEL: undefined,
  WORKSPACE_EVENTS_CHANNEL: undefined,
  AGENT_CHAT_CHANNEL: "threadId",
  EVENT_STREAM_CHANNEL: "channelId",
} as const;

export type TwentyChannel = keyof typeof TWENTY_CHANNELS;

/** A channel without its workspace. */
export interface ChannelName {
  /** The whole name, as messages carry it and subscribers ask for it. */
  readonly channel: string;
  /** Which of Twenty's channels it is; undefined for one of the application's own. */
  readonly twenty: TwentyChannel | undefined;
}

/** Of a channel, and of a pattern of channels. */
export const MAX_CHANNEL_LENGTH = 256;

/**
 * Reads a channel as Twenty writes it, with its workspace in second place or without. A name that does not look like
 * Twenty's is the application's own, and a UUID in it may be anything.
 * @throws GatewayError BAD_MESSAGE, also for a channel that names another workspace
 */
export function readChannelName(value: unknown, path: string, workspaceId: string): ChannelName {
  const [base = "", ...parts] = readText(value, path, MAX_CHANNEL_LENGTH).split(":");
  if (base === "") refuse(path, "a name before the first colon");
  const rest = parseUuid(parts[0]) === workspaceId ? parts.slice(1) : parts;
  if (isTwentyChannel(base)) {
    const argument = TWENTY_CHANNELS[base];
    const fits = argument === undefined ? rest.length === 0 : rest.length === 1 && rest[0] !== "";
    if (!fits) refuse(path, `${argument ? `${base}:<${argument}>` : base}, and no workspace but the message's own`);
    return { channel: [base, ...rest.map((part) => parseUuid(part) ?? part)].join(":"), twenty: base };
  }
  if (base.endsWith("_CHANNEL") && parseUuid(rest[0]) !== undefined) {
    refuse(path, "no workspace in second place but the message's own");
  }
  return { channel: [base, ...rest].join(":"), twenty: undefined };
}

function isTwentyChannel(name: string): name is TwentyChannel {
  return Object.hasOwn(TWENTY_CHANNELS, name);
}
