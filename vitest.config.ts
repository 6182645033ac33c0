import { readFile } from "node:fs/promises";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { DEV_BINDINGS } from "./test/support/dev-bindings.ts";

/** Gives a `.graphql` file as its text, as wrangler does by `rules` in wrangler.jsonc. */
const graphqlAsText = {
  name: "graphql-as-text",
  enforce: "pre" as const,
  async load(id: string) {
    if (!id.endsWith(".graphql")) return undefined;
    return `export default ${JSON.stringify(await readFile(id, "utf8"))};`;
  },
};

/** The Worker in workerd, with settings on top of development's. A longer chaos run asks for its steps here. */
function workerWith(settings: Readonly<Record<string, string>>, options: object = {}) {
  const bindings = { ...DEV_BINDINGS, ...settings, CHAOS_STEPS: process.env["CHAOS_STEPS"] ?? "150" };
  const miniflare = { bindings, kvNamespaces: ["PERSISTED_DOCUMENTS"], ...options };
  return cloudflareTest({ wrangler: { configPath: "./wrangler.jsonc" }, miniflare, verbose: false });
}

export default defineConfig({
  test: {
    projects: [
      {
        // The core, auth and everything pure, in plain Node.
        plugins: [graphqlAsText],
        // Without these conditions graphql would be loaded twice, as development and as production build.
        ssr: { resolve: { conditions: ["module", "node", "production"] } },
        test: {
          name: "node",
          environment: "node",
          include: ["test/{core,auth,edge,publish,queue,schema}/**/*.test.ts", "test/*.test.ts"],
        },
      },
      {
        // The client package, in plain Node over real sockets and scripted ones.
        ssr: { resolve: { conditions: ["module", "node", "production"] } },
        test: { name: "client", environment: "node", include: ["test/client/**/*.test.ts"], testTimeout: 20_000 },
      },
      {
        // The object, in workerd with real eviction.
        plugins: [graphqlAsText, workerWith({})],
        test: {
          name: "object",
          include: ["test/object/**/*.test.ts"],
          exclude: ["test/object/{small-log,unversioned}/**"],
          testTimeout: 30_000,
        },
      },
      {
        // The same with a log that lets go of what is not new, so that gaps are told.
        plugins: [graphqlAsText, workerWith({ LOG_MAX_EVENTS: "300", LOG_MAX_AGE_SECONDS: "0" })],
        test: { name: "small-log", include: ["test/object/small-log/*.test.ts"], testTimeout: 30_000 },
      },
      {
        // The same where the platform gives no version: nothing sleeps when the object wakes.
        plugins: [graphqlAsText, workerWith({}, { versionMetadata: "" })],
        test: {
          name: "unversioned",
          include: ["test/object/{eviction,outdated,chaos}.test.ts", "test/object/unversioned/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        // The whole, over real sockets.
        plugins: [graphqlAsText],
        ssr: { resolve: { conditions: ["module", "node", "production"] } },
        test: {
          name: "e2e",
          environment: "node",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // Clients as their makers publish them. They run side by side, each in a workspace of its own.
        plugins: [graphqlAsText],
        ssr: { resolve: { conditions: ["module", "node", "production"] } },
        test: {
          name: "clients",
          environment: "node",
          include: ["test/clients/**/*.test.ts"],
          maxConcurrency: 16,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
