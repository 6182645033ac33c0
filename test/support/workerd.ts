import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { DEV_BINDINGS } from "./dev-bindings.ts";
import { killAtExit } from "./kill-at-exit.ts";

export interface WorkerdOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Where the objects keep their SQLite files; the same folder again continues with them. */
  readonly storageDir: string;
  /** Vars and secrets on top of development's. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Writes every exception that nobody caught, and more. */
  readonly verbose?: boolean;
  /** Writes `awake <workspace>` whenever an object is built: at its first use, and when it is woken. */
  readonly tellsWakes?: boolean;
}

/** The gateway in one process of the bare runtime, without wrangler around it. */
export interface Workerd {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  /** `SIGTERM` by default. */
  kill(signal?: NodeJS.Signals): void;
  readonly exited: Promise<void>;
  /** What it has written so far. */
  output(): string;
}

/**
 * Starts the built Worker in `workerd serve`, with its objects on disk and without queues, assets and GraphiQL.
 * @throws Error with the output of the process when it ends instead of listening
 */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const { port = 0, storageDir, bindings = {}, verbose = false, tellsWakes = false } = options;
  const config = join(storageDir, "workerd.capnp");
  const objects = join(storageDir, "objects");
  await mkdir(objects, { recursive: true });
  const values = { ...DEV_BINDINGS, PLAYGROUND: "off", ...bindings };
  await writeFile(config, await configOf({ port, configDir: storageDir, objects, bindings: values, tellsWakes }));
  const child = spawn(workerdBinary(), ["serve", config, "--control-fd=3", ...(verbose ? ["--verbose"] : [])], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  killAtExit(child);
  const exited = once(child, "exit").then(() => undefined);
  const output = outputOf(child);
  const listening = portOf(child.stdio[3] as Readable);
  const actualPort = await Promise.race([listening, exited]);
  if (actualPort === undefined || child.pid === undefined) throw new Error(`workerd did not start:\n${output()}`);
  return {
    url: `http://127.0.0.1:${actualPort}`,
    pid: child.pid,
    kill: (signal = "SIGTERM") => void child.kill(signal),
    exited,
    output,
  };
}

/** Builds the Worker as a deploy would, once for the same sources. Returns the folder with its modules. */
export function buildWorker(): Promise<string> {
  built ??= findOrBuild();
  return built;
}

let built: Promise<string> | undefined;

/** What a build depends on. */
const SOURCES = ["src", "durable-objects", "schema", "wrangler.jsonc", "package.json", "package-lock.json"];
const BUILDS = join(ROOT, ".wrangler", "builds");

/** Every test file runs in a process of its own, and building takes seconds. */
async function findOrBuild(): Promise<string> {
  const digest = await digestOfSources();
  const folder = join(BUILDS, digest);
  if (existsSync(join(folder, "worker.js"))) return folder;
  await mkdir(BUILDS, { recursive: true });
  await forgetOldBuilds();
  const fresh = await mkdtemp(join(BUILDS, "new-"));
  await build(fresh);
  // Somebody may be writing a source: then the build is good for now, and for nobody later.
  if ((await digestOfSources()) !== digest) return fresh;
  // Another process may have been quicker.
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }));
  return folder;
}

async function forgetOldBuilds(): Promise<void> {
  for (const name of await readdir(BUILDS)) {
    const path = join(BUILDS, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 86_400_000) await rm(path, { recursive: true, force: true });
  }
}

async function digestOfSources(): Promise<string> {
  const lists = await Promise.all(
    SOURCES.map(async (name) => {
      const path = join(ROOT, name);
      if (!(await stat(path)).isDirectory()) return [path];
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  const digest = createHash("sha256");
  for (const file of lists.flat().sort()) digest.update(`\n${file}\n`).update(await readFile(file));
  return digest.digest("hex").slice(0, 16);
}

async function build(folder: string): Promise<void> {
  const wrangler = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
  const child = spawn(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", folder], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" },
  });
  const output = outputOf(child);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`The Worker could not be built:\n${output()}`);
}

interface ConfigParts {
  readonly port: number;
  /** Paths of `embed` are relative to the config's own folder. */
  readonly configDir: string;
  readonly objects: string;
  readonly bindings: Readonly<Record<string, string>>;
  readonly tellsWakes: boolean;
}

/** What the platform would tell the Worker of its deploy. */
const VERSION = { id: "6f0a3f0e-0d0c-4a0e-9b7e-2f4c8f5d7a11" };

/** Stands before the Worker. */
const TELLS_WAKES = `
  import worker, { WorkspacePubSub as Quiet } from "./worker.js";
  export * from "./worker.js";
  export default worker;
  export class WorkspacePubSub extends Quiet {
    constructor(ctx, env) {
      super(ctx, env);
      console.log("awake " + ctx.id.name);
    }
  }`;

async function configOf({ port, configDir, objects, bindings, tellsWakes }: ConfigParts): Promise<string> {
  const build = await buildWorker();
  const modules = (await readdir(build)).flatMap((name) => {
    const type = name.endsWith(".js") ? "esModule" : name.endsWith(".graphql") ? "text" : undefined;
    const file = relative(configDir, join(build, name));
    return type === undefined ? [] : [`(name = ${quote(name)}, ${type} = embed ${quote(file)})`];
  });
  // The first module is the entry.
  modules.sort((a, b) => Number(b.includes('"worker.js"')) - Number(a.includes('"worker.js"')));
  if (tellsWakes) modules.unshift(`(name = "tells-wakes.js", esModule = ${quote(TELLS_WAKES)})`);
  const texts = Object.entries(bindings).map(([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    # Unlike the default, this machine as well.
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
    (name = "nothing", worker = (
      compatibilityDate = "2026-11-01",
      serviceWorkerScript = "addEventListener('fetch', (event) => event.respondWith(new Response(null, { status: 404 })))",
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "gateway")],
);

const gateway :Workerd.Worker = (
  compatibilityDate = ${quote(await compatibilityDate())},
  modules = [
    ${modules.join(",\n    ")},
  ],
  durableObjectNamespaces = [(className = "WorkspacePubSub", uniqueKey = "sluice-WorkspacePubSub", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "WORKSPACES", durableObjectNamespace = "WorkspacePubSub"),
    (name = "DEAD_LETTERS", queue = "nothing"),
    (name = "ASSETS", service = "nothing"),
    (name = "CF_VERSION_METADATA", json = ${quote(JSON.stringify(VERSION))}),
    ${texts.join(",\n    ")},
  ],
);
`;
}

async function compatibilityDate(): Promise<string> {
  const config = await readFile(join(ROOT, "wrangler.jsonc"), "utf8");
  const [, date] = /"compatibility_date": "([\d-]+)"/.exec(config) ?? [];
  if (date === undefined) throw new Error("wrangler.jsonc has no compatibility_date.");
  return date;
}

/** Capnp's string literals are C's, of which JSON's are a part. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** The program itself, not a script that starts it: a signal must hit the process that has the objects. */
function workerdBinary(): string {
  const { default: path } = createRequire(import.meta.url)("workerd") as { default: string };
  return path;
}

/** The port in the first control message: `{"event":"listen","socket":"http","port":8080}`. Undefined when none comes. */
async function portOf(control: Readable): Promise<number | undefined> {
  for await (const line of createInterface({ input: control })) {
    const { event, port } = JSON.parse(line) as { event: string; port?: number };
    if (event === "listen") return port;
  }
  return undefined;
}

function outputOf({ stdout, stderr }: ChildProcess): () => string {
  let output = "";
  for (const stream of [stdout, stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  return () => output;
}
