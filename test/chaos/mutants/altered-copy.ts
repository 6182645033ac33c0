import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../../scripts/lib/dev-vars.ts";
import { alteredFiles, type Mutant } from "./mutant.ts";

/** What building the Worker and running the kits takes. */
const COPIED = [
  ...["src", "durable-objects", "schema", "scripts", "client", "test", "playground"],
  ...["package.json", "package-lock.json", "wrangler.jsonc", "vitest.config.ts", "tsconfig.base.json", "tsconfig.json"],
  ...["tsconfig.node.json", ".dev.vars.example", "worker-configuration.d.ts"],
];

/** A copy of the sources where one mutant after the other is alive. Ours are never touched. */
export class AlteredCopy {
  readonly root = join(ROOT, ".wrangler", "mutants");

  async make(): Promise<void> {
    await this.remove();
    // Where GraphiQL would be: nothing of it is asked for, but a build wants the folder.
    await mkdir(join(this.root, "dist", "assets"), { recursive: true });
    for (const name of COPIED) await cp(join(ROOT, name), join(this.root, name), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(this.root, "node_modules"));
  }

  /** Alters the copy for as long as something runs. */
  async with<Result>(mutant: Mutant, run: () => Promise<Result>): Promise<Result> {
    const altered = await alteredFiles(mutant, ROOT);
    try {
      for (const [file, text] of altered) await writeFile(join(this.root, file), text);
      return await run();
    } finally {
      for (const file of altered.keys()) await writeFile(join(this.root, file), await readFile(join(ROOT, file)));
    }
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
