import { extname, join } from "node:path";
import { build } from "vite";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * The files of the page by their paths, as a production build makes them; nothing is written to the disk.
 * @param gatewayUrl `ws://127.0.0.1:<port>`: besides its own server the only host that the page may speak to
 */
export async function bundlePage(gatewayUrl: string): Promise<Map<string, PageFile>> {
  const example = join(import.meta.dirname, "..");
  const output = await build({
    configFile: join(example, "vite.config.ts"),
    logLevel: "warn",
    build: { write: false },
    define: { "import.meta.env.VITE_GATEWAY_URL": JSON.stringify(gatewayUrl) },
  });
  if (!("output" in output)) throw new Error("Expected one bundle");
  const policy = `default-src 'self'; img-src data:; connect-src 'self' ${gatewayUrl}; frame-ancestors 'none'`;
  return new Map(
    output.output.map((file) => {
      const contentType = CONTENT_TYPES[extname(file.fileName)] ?? "application/octet-stream";
      const headers = { "Content-Type": contentType, "Content-Security-Policy": policy };
      return [`/${file.fileName}`, { headers, body: file.type === "chunk" ? file.code : file.source }];
    }),
  );
}
