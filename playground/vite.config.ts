import { defineConfig } from "vite";

/** Builds the page into the folder that the Worker serves. Everything it loads, workers and fonts too, lies there. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/graphiql/",
  publicDir: false,
  envDir: false,
  build: {
    outDir: "../dist/assets/graphiql",
    emptyOutDir: true,
    target: "es2022",
    license: { fileName: "licenses.md" },
    // Monaco alone is larger than the default of 500 kB.
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      onLog(level, log, handle) {
        // React libraries mark files with "use client", which means nothing here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
  // Monaco's language workers import parts of themselves on demand.
  worker: { format: "es" },
});
