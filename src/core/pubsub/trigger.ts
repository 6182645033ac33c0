import { parseUuid } from "../uuid.ts";

/** A trigger of a `PubSubEngine`: a channel, or a pattern of channels, of one workspace. */
export interface Trigger {
  /** Without the workspace. */
  readonly channel: string;
  /** In lower case. */
  readonly workspaceId: string;
}

/**
 * Reads a trigger as Twenty names them, `CHANNEL:<workspaceId>[:rest]`. With a workspace given, that one is meant, whether
 * or not the trigger has it in second place; any other UUID there belongs to the channel's name.
 * @throws TypeError when there is no workspace
 */
export function parseTrigger(trigger: string, workspaceId: string | undefined): Trigger {
  const [base = "", second, ...rest] = trigger.split(":");
  const inSecondPlace = parseUuid(second);
  const given = workspaceId === undefined ? undefined : parseUuid(workspaceId);
  if (workspaceId !== undefined && given === undefined) throw new TypeError("workspaceId must be a UUID.");
  if (inSecondPlace !== undefined && (given === undefined || given === inSecondPlace)) {
    return { channel: [base, ...rest].join(":"), workspaceId: inSecondPlace };
  }
  if (given !== undefined) return { channel: trigger, workspaceId: given };
  throw new TypeError(
    "The trigger has no workspace: expected CHANNEL:<workspaceId>[:rest], or the option workspaceId (a UUID).",
  );
}

/** The trigger as Twenty would name it. */
export function formatTrigger({ channel, workspaceId }: Trigger): string {
  const [base = "", ...rest] = channel.split(":");
  return [base, workspaceId, ...rest].join(":");
}
