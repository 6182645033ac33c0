import { spawn } from "node:child_process";
import { once } from "node:events";
import { killAtExit } from "./kill-at-exit.ts";

/** The server of examples/replace-redis-pubsub in a process of its own. */
export interface NotesProcess {
  /** `ws://127.0.0.1:<port>/graphql` */
  readonly url: string;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

const PRELOAD = new URL("sluice-from-source.ts", import.meta.url).href;
const SERVER = new URL("../../examples/replace-redis-pubsub/server.ts", import.meta.url).pathname;

/**
 * @param settings which engine it takes and where that is, as its README tells
 * @param port a free one by default
 * @throws Error with what it wrote when it ends instead of listening
 */
export async function startNotesProcess(settings: Readonly<Record<string, string>>, port = 0): Promise<NotesProcess> {
  const child = spawn(process.execPath, ["--import", PRELOAD, SERVER], {
    env: { ...process.env, ...settings, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  killAtExit(child);
  let output = "";
  const listening = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += String(chunk);
        const [, url] = /^Notes at (\S+),/m.exec(output) ?? [];
        if (url !== undefined) resolve(url);
      });
    }
  });
  const exited = once(child, "exit").then(() => undefined);
  const url = await Promise.race([listening, exited]);
  if (url === undefined) throw new Error(`The server did not start:\n${output}`);
  return {
    url,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
