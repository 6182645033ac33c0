import { buildSchema } from "graphql";
import packageJson from "../package.json" with { type: "json" };
import type { Catalogue } from "../src/core/operation/catalogue.ts";
import sdl from "./server.graphql";
import { channelIn } from "./server-subscriptions/channel.ts";

const schema = buildSchema(sdl);

/** What servers can ask for in a workspace. It has nothing in common with what clients can: see `index.ts` for that. */
export function serverCatalogueIn(workspaceId: string): Catalogue {
  const field = channelIn(workspaceId);
  return {
    schema,
    rootValue: { gatewayVersion: packageJson.version },
    subscriptions: new Map([[field.name, field]]),
  };
}
