/**
 * Builds the client package into `dist/client`, with its types, and says how much of it a page would load: `npm run build:client`.
 * Fails when all of it is larger than it may be.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { ROOT } from "./lib/dev-vars.ts";

/** All of it, minified, without peers: what a page may load, and what a server may. */
const MAX_PAGE_BYTES = 8_000;
const MAX_SERVER_BYTES = 12_000;
const ENTRIES = {
  index: "client/index.ts",
  apollo: "client/apollo.ts",
  pubsub: "client/pubsub.ts",
  publisher: "client/publisher.ts",
};
/** What an application imports, and from where. */
const IMPORTS: readonly {
  readonly name: string;
  readonly entries: readonly (keyof typeof ENTRIES)[];
  readonly maxBytes: number;
}[] = [
  { name: "createWebSocketImpl", entries: ["index"], maxBytes: MAX_PAGE_BYTES },
  { name: "createClient", entries: ["index"], maxBytes: MAX_PAGE_BYTES },
  { name: "createSseClient", entries: ["index"], maxBytes: MAX_PAGE_BYTES },
  { name: "createApolloLink", entries: ["apollo"], maxBytes: MAX_PAGE_BYTES },
  { name: "*", entries: ["index", "apollo"], maxBytes: MAX_PAGE_BYTES },
  { name: "createPublisher", entries: ["publisher"], maxBytes: MAX_SERVER_BYTES },
  { name: "SluicePubSub", entries: ["pubsub"], maxBytes: MAX_SERVER_BYTES },
];

const target = join(ROOT, "dist", "client");
rmSync(target, { recursive: true, force: true });
await build({
  configFile: false,
  root: ROOT,
  logLevel: "warn",
  build: {
    outDir: target,
    sourcemap: true,
    minify: false,
    lib: { entry: ENTRIES, formats: ["es"] },
    rolldownOptions: { external: isPeer },
  },
});
emitTypes();

for (const { name, entries, maxBytes } of IMPORTS) {
  const bytes = gzipSync(await bundleImport(name, entries), { level: 9 }).length;
  process.stdout.write(`${name.padEnd(20)} ${String(bytes).padStart(6)} bytes gzip\n`);
  if (bytes <= maxBytes) continue;
  process.stderr.write(`${name} may have ${maxBytes} bytes.\n`);
  process.exitCode = 1;
}

function isPeer(id: string): boolean {
  return /^(graphql|graphql-ws|@apollo\/client|rxjs)(\/|$)/.test(id);
}

function emitTypes(): void {
  const flags = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly"];
  const tsc = join(ROOT, "node_modules", ".bin", "tsc");
  const { status } = spawnSync(tsc, ["-p", "client", ...flags, "--rootDir", ".", "--outDir", join(target, "types")], {
    cwd: ROOT,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  for (const name of Object.keys(ENTRIES)) {
    writeFileSync(join(target, `${name}.d.ts`), `export * from "./types/client/${name}.js";\n`);
  }
}

/** What a bundler makes of an application that imports one name of the built package. */
async function bundleImport(name: string, entries: readonly string[]): Promise<string> {
  const imported = entries.map((entry) => {
    const from = JSON.stringify(join(target, `${entry}.js`));
    return name === "*" ? `export * from ${from};` : `export { ${name} } from ${from};`;
  });
  const folder = mkdtempSync(join(tmpdir(), "client-size-"));
  const entry = join(folder, "application.js");
  writeFileSync(entry, imported.join("\n"));
  const output = await build({
    configFile: false,
    root: ROOT,
    logLevel: "silent",
    build: {
      write: false,
      lib: { entry, formats: ["es"] },
      rolldownOptions: { external: isPeer, output: { minify: true } },
    },
  });
  rmSync(folder, { recursive: true });
  if (!Array.isArray(output)) throw new Error("Expected the bundle of a library");
  return output
    .flatMap((bundle) => bundle.output)
    .map((chunk) => (chunk.type === "chunk" ? chunk.code : ""))
    .join("");
}
