import { join } from "node:path";
import { defineConfig } from "vite";

/** Builds the page. `sluice/client` stands for the package, which is not published: here it is the repository's own. */
export default defineConfig({
  root: join(import.meta.dirname, "page"),
  publicDir: false,
  envDir: false,
  resolve: { alias: { "sluice/client/apollo": join(import.meta.dirname, "../../client/apollo.ts") } },
  build: {
    rolldownOptions: {
      onLog(level, log, handle) {
        // React libraries mark files with "use client", which means nothing here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
});
