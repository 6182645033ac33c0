import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

/** The folder of the project. */
export const ROOT = join(import.meta.dirname, "..", "..");

/** The values of development: `.dev.vars`, made from its example when there is none. */
export function readDevVars(): Record<string, string | undefined> {
  const file = join(ROOT, ".dev.vars");
  if (!existsSync(file)) copyFileSync(join(ROOT, ".dev.vars.example"), file);
  return parseEnv(readFileSync(file, "utf8"));
}

/** The first item of a comma list. */
export function firstOf(list: string | undefined): string {
  return list?.split(",")[0]?.trim() ?? "";
}
