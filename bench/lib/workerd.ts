import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import type { Server } from "./server.ts";

/** A Worker with one class of Durable Objects, built. */
export interface BuiltWorker {
  /** Holds the modules; `worker.js` is the entry. */
  readonly folder: string;
  readonly objectClass: string;
  /** The name of the binding to the objects. */
  readonly objectBinding: string;
  /** Vars and secrets. */
  readonly vars: Readonly<Record<string, string>>;
  /** Bindings that are objects: those that the platform gives a deploy. */
  readonly json?: Readonly<Record<string, object>>;
  /** The folder of a Worker beside it, bound to its queue consumer and to its `Publisher`, which listens too. */
  readonly doors?: string;
}

export interface StartOptions {
  readonly symbols: boolean;
  /** Has a tail Worker told of every run of the objects. */
  readonly watched?: boolean;
  /** Has every object tell that it was built: at its first use, and whenever it is woken. */
  readonly tellsBuilds?: boolean;
  /** Where the folder of the objects' SQLite is made. Default: where temporary files are. */
  readonly storageIn?: string;
}

/**
 * Starts a Worker in `workerd serve`, its objects' SQLite on disk in a folder of its own, which goes with it. Every row
 * of every scenario that is a Worker runs so: under one runtime, one compatibility date and the same flags.
 */
export async function startWorker(worker: BuiltWorker, options: StartOptions): Promise<Server> {
  const folder = await mkdtemp(join(options.storageIn ?? tmpdir(), "sluice-bench-"));
  await mkdir(join(folder, "objects"));
  await writeFile(join(folder, "tail.js"), TAIL);
  await writeFile(join(folder, "tells-builds.js"), tellingBuilds(worker));
  await writeFile(join(folder, "config.capnp"), await configOf(worker, folder, options));
  const { default: binary } = createRequire(import.meta.url)("workerd") as { default: string };
  // A Worker that calls the consumer of another takes the place of the platform's queue, which is for experiments only.
  const flags = worker.doors === undefined ? [] : ["--experimental"];
  const child = spawn(binary, ["serve", join(folder, "config.capnp"), "--control-fd=3", ...flags], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // V8 leaves a log where it runs when it tells its names.
    cwd: folder,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  const exited = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await exited;
    await rm(folder, { recursive: true, force: true });
    await rm(join(tmpdir(), `perf-${child.pid}.map`), { force: true });
  };
  const sockets = worker.doors === undefined ? ["http"] : ["http", "doors"];
  const listening = portsOf(child.stdio[3] as Readable, sockets);
  const [port, doorsPort] = await Promise.race([listening, exited.then(() => [])]);
  if (port === undefined || child.pid === undefined) {
    await stop();
    throw new Error(`workerd did not start:\n${output}`);
  }
  return {
    host: `127.0.0.1:${port}`,
    pids: [child.pid],
    databases: join(folder, "objects"),
    ...(options.watched && { objectRuns: () => output.split(OBJECT_RAN).length - 1 }),
    ...(options.tellsBuilds && { objectBuilds: () => output.split(OBJECT_BUILT).length - 1 }),
    ...(doorsPort !== undefined && { doorsHost: `127.0.0.1:${doorsPort}` }),
    [Symbol.asyncDispose]: stop,
  };
}

const OBJECT_RAN = "An object ran.";
const OBJECT_BUILT = "An object was built.";

/** What the platform tells of how a Worker ran. Of the edge it hears as well. */
const TAIL = `export default {
  tail(runs) {
    for (const { executionModel } of runs) if (executionModel === "durableObject") console.log(${quote(OBJECT_RAN)});
  },
};
`;

/** Stands before the Worker. */
function tellingBuilds({ objectClass }: BuiltWorker): string {
  return `import worker, { ${objectClass} as Quiet } from "./worker.js";
export * from "./worker.js";
export default worker;
export class ${objectClass} extends Quiet {
  constructor(ctx, env) {
    super(ctx, env);
    console.log(${quote(OBJECT_BUILT)});
  }
}
`;
}

async function configOf(
  { folder, objectClass, objectBinding, vars, json = {}, doors }: BuiltWorker,
  configFolder: string,
  { symbols, watched = false, tellsBuilds = false }: StartOptions,
): Promise<string> {
  const names = await readdir(folder);
  // The first module is the entry.
  names.sort((a, b) => Number(b === "worker.js") - Number(a === "worker.js"));
  const modules = names.flatMap((name) => {
    const type = name.endsWith(".js") ? "esModule" : name.endsWith(".graphql") ? "text" : undefined;
    const file = relative(configFolder, join(folder, name));
    return type === undefined ? [] : [`(name = ${quote(name)}, ${type} = embed ${quote(file)})`];
  });
  if (tellsBuilds) modules.unshift('(name = "tells-builds.js", esModule = embed "tells-builds.js")');
  const values = [
    ...Object.entries(vars).map(([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`),
    ...Object.entries(json).map(([name, value]) => `(name = ${quote(name)}, json = ${quote(JSON.stringify(value))})`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const tail :Workerd.Worker = (
  compatibilityDate = "2026-01-01",
  modules = [(name = "tail.js", esModule = embed "tail.js")],
);

const config :Workerd.Config = (
  v8Flags = [${symbols ? '"--perf-basic-prof", "--interpreted-frames-native-stack"' : ""}],
  services = [
    (name = "worker", worker = .worker),
    ${watched ? '(name = "tail", worker = .tail),' : ""}
    (name = "objects", disk = (path = ${quote(join(configFolder, "objects"))}, writable = true)),
    ${doors === undefined ? "" : '(name = "doors", worker = .doors),'}
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "worker"),
    ${doors === undefined ? "" : '(name = "doors", address = "127.0.0.1:0", http = (), service = "doors"),'}
  ],
);
${doors === undefined ? "" : doorsConfig(relative(configFolder, join(doors, "worker.js")))}

const worker :Workerd.Worker = (
  compatibilityDate = ${quote(await compatibilityDate())},
  modules = [${modules.join(", ")}],
  durableObjectNamespaces = [(className = ${quote(objectClass)}, uniqueKey = "bench", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  tails = [${watched ? '"tail"' : ""}],
  bindings = [
    (name = ${quote(objectBinding)}, durableObjectNamespace = ${quote(objectClass)}),
    ${values.join(",\n    ")}
  ],
);
`;
}

function doorsConfig(module: string): string {
  return `
const doors :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["service_binding_extra_handlers"],
  modules = [(name = "worker.js", esModule = embed ${quote(module)})],
  bindings = [
    (name = "CONSUMER", service = "worker"),
    (name = "PUBLISHER", service = (name = "worker", entrypoint = "Publisher")),
  ],
);`;
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

/** The ports in the control messages, `{"event":"listen","socket":"http","port":8080}`, once there is one for each name. */
async function portsOf(control: Readable, names: readonly string[]): Promise<(number | undefined)[]> {
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { event, socket, port } = JSON.parse(line) as { event: string; socket: string; port: number };
    if (event === "listen") ports.set(socket, port);
    if (names.every((name) => ports.has(name))) break;
  }
  return names.map((name) => ports.get(name));
}
