import type { FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, GraphQLError } from "graphql";
import { type Client, createClient } from "graphql-ws";

/** The Headers pane as an object. */
export type Headers = Readonly<Record<string, string>>;

type Subscribe = (params: FetcherParams, headers: Headers) => AsyncIterable<ExecutionResult>;

/**
 * Runs subscriptions over one WebSocket, opened by the first and closed after the last. The headers are its
 * `connection_init` payload, so other headers mean another socket: a new token counts at once.
 */
export function createSubscriber(url: URL): Subscribe {
  let current: { readonly key: string; readonly client: Client } | undefined;

  function clientFor(headers: Headers): Client {
    const key = JSON.stringify(headers);
    if (current?.key === key) return current.client;
    if (current) void close(current.client);
    // Without retries, because graphql-ws would go on for half a minute after a 4403 before anyone sees the reason.
    const client = createClient({ url: url.href, connectionParams: headers, retryAttempts: 0 });
    current = { key, client };
    return client;
  }

  return function subscribe({ query, operationName, variables }, headers) {
    const results = clientFor(headers).iterate({ query, operationName: operationName ?? null, variables });
    // GraphiQL's types ask for error instances, but it only prints them.
    return endingWithItsError(results as AsyncIterableIterator<ExecutionResult>);
  };
}

/** Turns what an iterator throws into its last result, because GraphiQL shows a close event as `{"isTrusted": true}`. */
function endingWithItsError(results: AsyncIterableIterator<ExecutionResult>): AsyncIterable<ExecutionResult> {
  const iterator: AsyncIterator<ExecutionResult> = {
    async next() {
      try {
        return await results.next();
      } catch (thrown) {
        return { done: false, value: { errors: errorsOf(thrown) } };
      }
    },
    return: async () => (await results.return?.()) ?? { done: true, value: undefined },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

async function close(client: Client): Promise<void> {
  try {
    await client.dispose();
  } catch {
    // Its socket never opened: the subscription that wanted it has shown that already.
  }
}

/** graphql-ws throws the errors of one operation, the event that closed the socket, a bare error event, or an error. */
function errorsOf(thrown: unknown): GraphQLError[] {
  if (Array.isArray(thrown)) return thrown;
  if (thrown instanceof CloseEvent) {
    const { code, reason } = thrown;
    const message = `The socket was closed with ${code}: ${reason || "no reason was given"}`;
    return [new GraphQLError(message, { extensions: { closeCode: code, closeReason: reason } })];
  }
  if (thrown instanceof Event) {
    return [new GraphQLError("The socket could not be opened, or broke. A browser does not tell the reason.")];
  }
  return [new GraphQLError(thrown instanceof Error ? thrown.message : String(thrown))];
}
