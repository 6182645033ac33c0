import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bearer, type Client } from "./client.ts";

/** Its arguments to ask the gateway for an operation. */
export function curlArguments(url: string, authorization: string, accept: string, body: object): string[] {
  const headers = { Authorization: authorization, Accept: accept, "Content-Type": "application/json" };
  const lines = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  return ["--silent", "--show-error", "--fail-with-body", "--no-buffer", ...lines, "--data", JSON.stringify(body), url];
}

export const curl: Client = {
  name: "curl",
  packages: [],
  transport: "SSE",
  token: "header",
  reconnects: false,
  async open(connection) {
    const authorization = await bearer(connection);
    return {
      subscribe(operation, observer) {
        const child = spawn("curl", curlArguments(connection.url, authorization, "text/event-stream", operation));
        let problem = "";
        child.stderr.on("data", (chunk) => (problem += String(chunk)));
        createInterface({ input: child.stdout }).on("line", (line) => {
          if (line.startsWith("data: ")) observer.next(JSON.parse(line.slice(6)));
        });
        child.on("close", (code) => (code === 0 ? observer.complete() : observer.error(new Error(problem.trim()))));
        return () => child.kill();
      },
      close: () => undefined,
    };
  },
};
