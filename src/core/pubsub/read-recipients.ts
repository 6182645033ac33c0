import { readList, readUuid, refuse } from "./read-field.ts";

const MAX_RECIPIENTS = 1_000;

/** The only ones who may receive a message: UUIDs in lower case, each once. */
export function readRecipients(value: unknown, path: string): readonly string[] {
  const recipients = readList(value, path, readUuid);
  if (recipients.length > MAX_RECIPIENTS) refuse(path, `at most ${MAX_RECIPIENTS} UUIDs`);
  return [...new Set(recipients)];
}
