import type { Settings } from "../core/settings.ts";

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
  const text = new TextEncoder().encode(`channel secret ${secret}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
