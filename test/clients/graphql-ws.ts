import { type ClientOptions, createClient, type Client as GraphqlWsClient } from "graphql-ws";
import { bearer, type Client, type Connection, RETRY_WAIT_MS } from "./client.ts";

/** graphql-ws as Sluice's README sets it up. The clients that run on it do so too. */
export function createGraphqlWsClient(connection: Connection, options: Partial<ClientOptions> = {}): GraphqlWsClient {
  return createClient({
    url: connection.wsUrl,
    connectionParams: async () => ({ authorization: await bearer(connection) }),
    // By default it gives up after an error, and that is how a WebSocket tells that its connection was lost.
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, RETRY_WAIT_MS)),
    ...options,
  });
}

const common = { name: "graphql-ws", packages: ["graphql-ws"], transport: "graphql-transport-ws" };

function openWith(client: GraphqlWsClient) {
  return {
    subscribe: client.subscribe.bind(client),
    close: () => client.dispose(),
  };
}

export const graphqlWs: Client = {
  ...common,
  token: "`connectionParams`",
  reconnects: true,
  open: (connection) => openWith(createGraphqlWsClient(connection)),
};

/** The token stands beside the dialects, where a browser can put it; a class has no time to ask for a newer one. */
export const graphqlWsWithSubprotocol: Client = {
  ...common,
  token: "subprotocol item",
  reconnects: true,
  async open(connection) {
    let token = await connection.token();
    class WebSocketWithToken extends WebSocket {
      constructor(url: string | URL, protocols: string | string[] = []) {
        super(url, [protocols, `bearer.${token}`].flat());
      }
    }
    return openWith(
      createGraphqlWsClient(connection, {
        webSocketImpl: WebSocketWithToken,
        connectionParams: {},
        async retryWait() {
          token = await connection.token();
        },
      }),
    );
  },
};
