import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { type Client, createClient } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated, subscribeToAll } from "./events.ts";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** Offers the token beside the dialects: all that a client needs to be handed through instead of relayed. */
function socketWithBearer(token: string) {
  return class extends WebSocket {
    constructor(url: string | URL, protocols: string | string[] = []) {
      super(url, [protocols, `bearer.${token}`].flat());
    }
  };
}

const WAYS = {
  "the token in connectionParams": (token: string) =>
    createClient({ url: gateway.wsUrl, connectionParams: { authorization: `Bearer ${token}` } }),
  "the token as a subprotocol item": (token: string) =>
    createClient({ url: gateway.wsUrl, webSocketImpl: socketWithBearer(token) }),
} as const satisfies Record<string, (token: string) => Client>;

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])("with %s", (way) => {
  test("[CONN-1] a stock graphql-ws client receives events", async () => {
    const workspaceId = crypto.randomUUID();
    const client = WAYS[way](await gateway.token(workspaceId));
    const subscription = client.iterate({ query: ON_DB_EVENT, variables: { input: { objectNameSingular: "person" } } });
    const first = subscription.next();
    await untilSubscribed(workspaceId);
    await gateway.publish(personUpdated(workspaceId, "Ada", "Grace"));
    const expected = (name: string) => ({
      data: {
        onDbEvent: {
          action: "UPDATED",
          objectNameSingular: "person",
          eventDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          record: { id: `id-${name}`, name },
          updatedFields: ["name"],
        },
      },
    });
    expect((await first).value).toEqual(expected("Ada"));
    expect((await subscription.next()).value).toEqual(expected("Grace"));
    await subscription.return?.();
    await client.dispose();
    await gateway.until(workspaceId, "the client to be gone", ({ sockets }) => sockets === 0);
  });

  test("[CONN-1] Apollo Client 4 receives events over GraphQLWsLink", async () => {
    const workspaceId = crypto.randomUUID();
    const wsClient = WAYS[way](await gateway.token(workspaceId));
    const apollo = new ApolloClient({ link: new GraphQLWsLink(wsClient), cache: new InMemoryCache() });
    const events = apollo.subscribe({ query: gql(ON_DB_EVENT), variables: { input: {} } });
    const first = new Promise((resolve, reject) => {
      events.subscribe({ next: resolve, error: reject });
    });
    await untilSubscribed(workspaceId);
    await gateway.publish(personUpdated(workspaceId, "Ada"));
    expect(await first).toMatchObject({ data: { onDbEvent: { record: { name: "Ada" }, updatedFields: ["name"] } } });
    apollo.stop();
    await wsClient.dispose();
  });
});

describe("a raw socket receives events", () => {
  test.each([
    ["in the Authorization header", (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })],
    [
      "as a subprotocol item, before the dialect",
      (token: string) => ({ protocols: [`bearer.${token}`, "graphql-transport-ws"] }),
    ],
    [
      "as a subprotocol item, after the dialect",
      (token: string) => ({ protocols: ["graphql-transport-ws", `bearer.${token}`] }),
    ],
  ])("[AUTH-1] with the token %s", async (_, optionsFor) => {
    const workspaceId = crypto.randomUUID();
    const socket = await RawSocket.open(gateway.wsUrl, optionsFor(await gateway.token(workspaceId)));
    expect(socket.protocol).toBe("graphql-transport-ws");
    socket.send({ type: "connection_init" });
    expect(await socket.next()).toEqual({ type: "connection_ack" });
    socket.send(subscribeToAll("1"));
    await socket.drain();
    await gateway.publish(personUpdated(workspaceId, "Ada"));
    expect(await socket.next()).toMatchObject({ id: "1", type: "next", payload: { data: { onDbEvent: {} } } });
    socket.close(1000);
  });

  test.each(["authorization", "Authorization", "accessToken", "token"])(
    "[AUTH-2] with the token in connection_init as %s",
    async (name) => {
      const workspaceId = crypto.randomUUID();
      const socket = await RawSocket.open(gateway.wsUrl);
      socket.send({ type: "connection_init", payload: { [name]: await gateway.token(workspaceId) } });
      expect(await socket.next()).toEqual({ type: "connection_ack" });
      socket.close(1000);
    },
  );

  test("[CONN-1] at /metadata as well", async () => {
    const workspaceId = crypto.randomUUID();
    const url = gateway.wsUrl.replace("/graphql", "/metadata");
    const socket = await RawSocket.connect(url, await gateway.token(workspaceId));
    socket.send(subscribeToAll("1"));
    await socket.drain();
    await gateway.publish(personUpdated(workspaceId, "Ada"));
    expect(await socket.next()).toMatchObject({ id: "1", type: "next" });
    socket.close(1000);
  });
});

function untilSubscribed(workspaceId: string) {
  return gateway.until(workspaceId, "a subscription", ({ operations }) => operations === 1);
}
