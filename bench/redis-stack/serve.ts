/** What the programs of the Redis stack have in common: graphql-ws in front of RedisPubSub, and a door for publishers. */
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { GraphQLSchema } from "graphql";
import { RedisPubSub } from "graphql-redis-subscriptions";
import { handleProtocols } from "graphql-ws";
import { useServer as serveOver } from "graphql-ws/use/ws";
import { Redis } from "ioredis";
import { decodeJwt, jwtVerify } from "jose";
import { type WebSocket, WebSocketServer } from "ws";
import { twentySecret } from "../../src/auth/twenty-secret.ts";

const { REDIS_PORT, APP_SECRET = "", PUBLISHER_SECRET = "" } = process.env;

export interface Caller {
  readonly workspaceId: string;
  readonly userId: string;
  readonly userWorkspaceId: string;
  readonly workspaceMemberId: string;
}

/** A connection of its own. */
export function connectRedis(): Redis {
  // With the check, a subscription that is made before it ends can be lost for good (ioredis, issue 2037).
  return new Redis(Number(REDIS_PORT), "127.0.0.1", { enableReadyCheck: false });
}

export function makePubSub(): RedisPubSub {
  return new RedisPubSub({ publisher: connectRedis(), subscriber: connectRedis() });
}

/**
 * Serves a schema whose context is the caller, and prints the port when it listens.
 * @param publish is handed the body of every publish, parsed
 */
export function serve(schema: GraphQLSchema, publish: (body: unknown) => Promise<void>): void {
  const callers = new WeakMap<WebSocket, Caller>();
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${PUBLISHER_SECRET}`) return void response.writeHead(401).end();
    await publish(JSON.parse(await text(request)));
    response.writeHead(200).end("published");
  });
  serveOver(
    {
      schema,
      onConnect: async ({ connectionParams, extra: { request, socket } }) => {
        callers.set(socket, await verify(tokenOf(request, connectionParams)));
      },
      context: ({ extra: { socket } }) => callers.get(socket),
    },
    new WebSocketServer({ server, handleProtocols }),
    // The load client answers no pings; without them this row works a little less than in life.
    0,
  );
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { port: number };
    process.stdout.write(`${port}\n`);
  });
}

async function verify(token: string): Promise<Caller> {
  const caller = decodeJwt<Caller>(token);
  await jwtVerify(token, await twentySecret(APP_SECRET, caller.workspaceId, "ACCESS"), { algorithms: ["HS256"] });
  return caller;
}

function tokenOf(request: IncomingMessage, params: Readonly<Record<string, unknown>> | undefined): string {
  const items = request.headers["sec-websocket-protocol"]?.split(",") ?? [];
  const item = items.map((text) => text.trim()).find((text) => text.startsWith("bearer."));
  return item?.slice("bearer.".length) ?? String(params?.["authorization"]).slice("Bearer ".length);
}
