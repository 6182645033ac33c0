import { createConnection, type Socket } from "node:net";

/** Connections of HTTP/1.1 that are kept, as bytes: a publisher must not become what is measured. */
export class HttpConnections {
  readonly #free = new Map<string, HttpConnection[]>();

  /**
   * Posts over a connection that is free, or a new one. Returns the answer when it is complete.
   * @param url `http://127.0.0.1:<port>/<path>`
   * @throws Error for any status but 200, and when none comes in time
   */
  async post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<string> {
    const { host, pathname } = new URL(url);
    const free = this.#free.get(host) ?? [];
    this.#free.set(host, free);
    const connection = takeFresh(free) ?? new HttpConnection(host);
    const answer = await connection.post(pathname, headers, body);
    free.push(connection);
    return answer;
  }
}

function takeFresh(free: HttpConnection[]): HttpConnection | undefined {
  for (;;) {
    const connection = free.pop();
    if (connection === undefined || !connection.isStale) return connection;
    connection.close();
  }
}

/** Servers close what nobody uses: Node after 5 seconds. */
const STALE_AFTER_MS = 2_000;
const ANSWER_TIMEOUT_MS = 30_000;

class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #received = "";
  #usedAt = 0;
  #waiting: { readonly resolve: (body: string) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(host: string) {
    const [name = "", port] = host.split(":");
    this.#host = host;
    this.#socket = createConnection({ host: name, port: Number(port), noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.setTimeout(ANSWER_TIMEOUT_MS, () => this.#socket.destroy(new Error("A publish was not answered.")));
    this.#socket.on("data", (chunk: string) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#waiting?.reject(error));
    this.#socket.on("close", () => this.#waiting?.reject(new Error("A publisher's connection was closed.")));
  }

  get isStale(): boolean {
    return performance.now() - this.#usedAt > STALE_AFTER_MS;
  }

  close(): void {
    this.#socket.destroy();
  }

  post(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<string> {
    const all = { Host: this.#host, ...headers, "Content-Length": Buffer.byteLength(body) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
    });
  }

  #read(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd);
    const body = this.#received.slice(headEnd + 4);
    if (!isComplete(head, body)) return;
    this.#received = "";
    this.#usedAt = performance.now();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (head.startsWith("HTTP/1.1 200 ")) waiting?.resolve(body);
    else waiting?.reject(new Error(`Publishing was answered by ${head}\n${body}`));
  }
}

/** A body without a length comes in chunks, the last of which is empty. */
function isComplete(head: string, body: string): boolean {
  const [, length] = /^content-length: *(\d+)/im.exec(head) ?? [];
  return length === undefined ? body.endsWith("0\r\n\r\n") : body.length === Number(length);
}
