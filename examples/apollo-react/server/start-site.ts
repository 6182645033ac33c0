import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createSchema, createYoga } from "graphql-yoga";
import { bundlePage } from "./bundle-page.ts";
import { createGateway, type GatewayOptions } from "./gateway.ts";
import { type Change, Opportunities, type Opportunity, type Stage } from "./opportunities.ts";
import { nextSale } from "./sales.ts";

export interface SiteOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly gateway: GatewayOptions;
}

/** The demo's own server: the page, its records over GraphQL, and tokens. Only events go through the gateway. */
export interface Site {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Lets something happen on the board. @throws Error when the gateway does not take the event */
  sell(): Promise<void>;
  close(): void;
}

export async function startSite({ port, gateway: options }: SiteOptions): Promise<Site> {
  const gateway = createGateway(options);
  const opportunities = new Opportunities();
  const files = await bundlePage(options.url.replace("http", "ws"));
  const typeDefs = readFileSync(join(import.meta.dirname, "schema.graphql"), "utf8");

  async function publish(change: Change): Promise<Opportunity | undefined> {
    await gateway.publish(change);
    return change.after;
  }

  const yoga = createYoga({
    graphiql: false,
    landingPage: false,
    cors: false,
    schema: createSchema({
      typeDefs,
      resolvers: {
        Query: { opportunities: () => opportunities.list() },
        Mutation: {
          moveOpportunity: (_root: unknown, { id, stage }: { id: string; stage: Stage }) =>
            publish(opportunities.update(id, { stage })),
          eraseLog: () => gateway.eraseLog().then(() => true),
        },
      },
    }),
  });

  const server = createServer(async (request, response) => {
    // A name that somebody else has pointed at this machine is not ours: their page would get a token.
    if (!/^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? "")) return response.writeHead(421).end();
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname === "/graphql") return yoga(request, response);
    response.setHeader("Cache-Control", "no-store");
    if (pathname === "/token") return response.end(await gateway.token());
    const file = files.get(pathname === "/" ? "/index.html" : pathname);
    if (file === undefined) return response.writeHead(404).end();
    return response.writeHead(200, file.headers).end(file.body);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async sell() {
      await publish(nextSale(opportunities, Math.random));
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
