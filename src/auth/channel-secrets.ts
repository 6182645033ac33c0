import type { Settings } from "../core/settings.ts";
import { sha256 } from "../core/sha256.ts";

/** 128 bits, in hex. */
const TAG_LENGTH = 32;

/** The secrets that open the channels of a workspace, or of a path that names none. */
export function channelSecretsFor(
  { channelSecrets }: Pick<Settings, "channelSecrets">,
  workspaceId: string | undefined,
): string[] {
  const fitting = channelSecrets.filter((item) => item.workspaceId === undefined || item.workspaceId === workspaceId);
  return fitting.map(({ secret }) => secret);
}

/** Tells a secret from others without holding it: what is kept with a socket, to see later whether it still holds. */
export async function secretTag(secret: string): Promise<string> {
  return (await sha256(`channel secret ${secret}`)).slice(0, TAG_LENGTH);
}
