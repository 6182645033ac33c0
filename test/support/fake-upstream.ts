import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A request as the server behind the gateway got it. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server behind the gateway that answers as a test says, and remembers what it was asked. */
export interface FakeUpstream {
  readonly url: string;
  readonly received: UpstreamRequest[];
  answer: RequestListener;
  stop(): void;
}

export async function startFakeUpstream(): Promise<FakeUpstream> {
  const server = createServer(async (request, response) => {
    const { method = "", url: target = "", headers } = request;
    upstream.received.push({ method, target, headers, body: await buffer(request) });
    upstream.answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const upstream: FakeUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata`,
    received: [],
    answer: (_, response) => response.end("{}"),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}
