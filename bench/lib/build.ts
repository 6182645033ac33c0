import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../scripts/lib/dev-vars.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { buildWorker } from "../../test/support/workerd.ts";
import type { BuiltWorker } from "./workerd.ts";

/** The gateway as a deploy would build it, and with a version as a deploy would give it; the secrets are development's. */
export async function buildGateway(): Promise<BuiltWorker> {
  const vars = { ...DEV_BINDINGS, PLAYGROUND: "off" };
  const json = { CF_VERSION_METADATA: { id: "1c5cb1ba-5c1a-4ef1-8b2d-95c0a6a2c4b0" } };
  return { folder: await buildWorker(), objectClass: "WorkspacePubSub", objectBinding: "WORKSPACES", vars, json };
}

/** The bare Durable Object of `bench/control`; built once. */
export async function buildControl(): Promise<BuiltWorker> {
  control ??= compile("control");
  return {
    folder: await control,
    objectClass: "BareFanout",
    objectBinding: "FANOUT",
    vars: { APP_SECRET: DEV_BINDINGS.APP_SECRET },
  };
}

let control: Promise<string> | undefined;

/** The gateway with the Worker of `bench/doors` beside it. */
export async function buildGatewayWithDoors(): Promise<BuiltWorker> {
  doors ??= compile("doors");
  return { ...(await buildGateway()), doors: await doors };
}

let doors: Promise<string> | undefined;

/** Compiles a Worker of ours without dependencies. Returns the folder with its modules. */
async function compile(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sluice-${name}-`));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", join(ROOT, "bench", name), "--outDir", folder]);
  return folder;
}
