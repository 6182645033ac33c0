import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/dev-vars.ts";

/** The page with what a run of the clients has shown. */
export const PAGE = join(ROOT, "docs", "clients.md");

/** The page as it stands, with this run's tables, each between a comment with its name and `<!-- end -->`. */
export async function pageWith(tables: Readonly<Record<string, string>>): Promise<string> {
  let page = await readFile(PAGE, "utf8");
  for (const [name, table] of Object.entries(tables)) {
    const before = new RegExp(`(<!-- ${name}[^>]*-->\n)[^]*?(<!-- end -->)`);
    if (!before.test(page)) throw new Error(`docs/clients.md has no place for the table "${name}".`);
    page = page.replace(before, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
  }
  return page;
}

export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), `|${"---|".repeat(heads.length)}`, ...rows.map(line)].join("\n");
}

/**
 * Names and versions of packages, as they are installed.
 * @throws Error when the lock file has another version of one
 */
export async function versionsOf(packages: readonly string[]): Promise<string> {
  if (packages.length === 0) return "the machine's";
  const lock = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as Lock;
  const versions = packages.map(async (folder) => {
    const path = `node_modules/${folder}`;
    const { name, version } = JSON.parse(await readFile(join(ROOT, path, "package.json"), "utf8")) as Manifest;
    const locked = lock.packages[path]?.version;
    if (locked !== version) throw new Error(`${path} is ${version}, and ${locked} in package-lock.json.`);
    return `${name} ${version}`;
  });
  return (await Promise.all(versions)).join(", ");
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}
