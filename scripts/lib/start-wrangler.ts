import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./dev-vars.ts";

export interface WranglerOptions {
  readonly port: string;
  /** The folder that keeps the objects' storage; `.wrangler/state` by default. */
  readonly persistTo?: string;
  /** Leaves out a line for each request. */
  readonly isQuiet?: boolean;
}

/**
 * Runs the gateway on this machine as long as this process: its end is the end of both. Resolves when it answers.
 * @returns its address, `http://127.0.0.1:<port>`
 */
export async function startWrangler({
  port,
  persistTo = STATE_DIR,
  isQuiet = false,
}: WranglerOptions): Promise<string> {
  const url = `http://127.0.0.1:${port}`;
  endTogether(
    spawn(
      join(ROOT, "node_modules", ".bin", "wrangler"),
      [
        ...["dev", "--ip", "127.0.0.1", "--port", port, "--persist-to", persistTo],
        "--show-interactive-dev-session=false",
        ...(isQuiet ? ["--log-level", "warn"] : []),
      ],
      // Without a network wrangler would wait for the data of `request.cf`, which nothing here reads.
      {
        cwd: ROOT,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" },
      },
    ),
  );
  while (!(await isHealthy(url))) await new Promise((resolve) => setTimeout(resolve, 200));
  return url;
}

/** Whether a gateway answers at an address. */
export async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/healthz`).catch(() => undefined);
  return response?.ok ?? false;
}

const STATE_DIR = join(ROOT, ".wrangler", "state");

function endTogether(wrangler: ChildProcess): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => wrangler.kill(signal));
  process.on("exit", () => wrangler.kill());
  wrangler.on("exit", (code) => process.exit(code ?? 0));
}
