import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Wrong } from "../verdict.ts";

/** What runs against an altered gateway, by the command that runs it against ours. */
export const KITS = ["chaos", "chaos:evictions", "chaos:kill"] as const;
export type Kit = (typeof KITS)[number];

/** A bug made on purpose: a kit that does not notice it would not notice one made by accident. */
export interface Mutant {
  /** What the gateway does wrong. */
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly caughtBy: Kit;
  /** Figures of which one must tell of it, or a part of a line that says it: a gateway that is only broken shows others. */
  readonly shownAs: readonly (Wrong | Saying)[];
}

export interface Saying {
  readonly says: string;
}

export interface Edit {
  readonly file: string;
  /** Is there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * The files that a mutant changes, with their altered texts.
 * @throws Error when what is to be replaced is not there, or more than once
 */
export async function alteredFiles({ name, edits }: Mutant, root: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of edits) {
    const text = texts.get(file) ?? (await readFile(join(root, file), "utf8"));
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`"${name}": ${file} has ${parts.length - 1} times: ${find}`);
    texts.set(file, parts.join(replace));
  }
  return texts;
}
