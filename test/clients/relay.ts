import {
  type ConcreteRequest,
  Environment,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from "relay-runtime";
import type { Client } from "./client.ts";
import { createGraphqlWsClient } from "./graphql-ws.ts";

export const relay: Client = {
  name: "Relay",
  packages: ["relay-runtime", "graphql-ws"],
  transport: "graphql-transport-ws",
  token: "`connectionParams`",
  reconnects: true,
  open(connection) {
    const wsClient = createGraphqlWsClient(connection);
    const network = Network.create(
      () => Promise.reject(new Error("Only subscriptions are run here.")),
      ({ text, name }, variables) =>
        Observable.create((sink) =>
          wsClient.subscribe({ query: text ?? "", operationName: name, variables }, sink as never),
        ),
    );
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    return {
      subscribe({ query, variables }, observer) {
        const subscription = requestSubscription(environment, {
          subscription: compiled(query),
          variables,
          onNext: (data) => observer.next({ data }),
          onError: observer.error,
          onCompleted: observer.complete,
        });
        return () => subscription.dispose();
      },
      close: () => wsClient.dispose(),
    };
  },
};

/** What relay-compiler would make of a document that asks `onDbEvent` for a record. */
function compiled(text: string): ConcreteRequest {
  const [, name = ""] = /subscription (\w+)/.exec(text) ?? [];
  const selections = [
    {
      kind: "LinkedField",
      name: "onDbEvent",
      alias: null,
      args: [{ kind: "Variable", name: "input", variableName: "input" }],
      concreteType: "OnDbEvent",
      plural: false,
      storageKey: null,
      selections: [{ kind: "ScalarField", name: "record", alias: null, args: null, storageKey: null }],
    },
  ];
  const argumentDefinitions = [{ kind: "LocalArgument", name: "input", defaultValue: null }];
  return {
    kind: "Request",
    fragment: { kind: "Fragment", name, type: "Subscription", metadata: null, argumentDefinitions, selections },
    operation: { kind: "Operation", name, argumentDefinitions, selections },
    params: { name, text, operationKind: "subscription", id: null, cacheID: text, metadata: {} },
  } as unknown as ConcreteRequest;
}
