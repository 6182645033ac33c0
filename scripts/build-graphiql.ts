/** Builds GraphiQL into static assets, unless it is there already: `npm run build:graphiql [-- --force]`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./lib/dev-vars.ts";

const assets = join(ROOT, "dist", "assets");
// wrangler wants the folder even where the build fails.
mkdirSync(assets, { recursive: true });
if (process.argv.includes("--force") || !existsSync(join(assets, "graphiql", "index.html"))) {
  process.stdout.write("Building GraphiQL …\n");
  const vite = join(ROOT, "node_modules", ".bin", "vite");
  const { status } = spawnSync(vite, ["build", "--config", "playground/vite.config.ts"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}
