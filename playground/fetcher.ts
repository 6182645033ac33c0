import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type DocumentNode, type ExecutionResult, GraphQLError, getOperationAST, parse } from "graphql";
import { createSubscriber, type Headers } from "./subscriber.ts";

/**
 * What GraphiQL calls for every operation: subscriptions go over a WebSocket, the rest by POST, all with the text of the
 * Headers pane. Nothing rejects: a failure is a result with `errors`, so that the response pane shows it.
 */
export function createFetcher(endpoint: URL): Fetcher {
  const subscribe = createSubscriber(webSocketUrl(endpoint));

  return function fetcher(params, options) {
    const headers: Headers = options?.headers ?? {};
    return isSubscription(params) ? subscribe(params, headers) : post(endpoint, params, headers);
  };
}

function webSocketUrl(endpoint: URL): URL {
  const url = new URL(endpoint);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** Reads the text itself: the parsed document that GraphiQL passes along lags behind fast typing. */
function isSubscription({ query, operationName }: FetcherParams): boolean {
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch {
    return false; // The server says what is wrong with it.
  }
  return getOperationAST(document, operationName)?.operation === "subscription";
}

async function post(endpoint: URL, params: FetcherParams, headers: Headers): Promise<ExecutionResult> {
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json, application/json;q=0.9",
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(params),
    });
    return resultOf(response.status, await response.text());
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { errors: [new GraphQLError(`The request failed: ${reason}`)] };
  }
}

function resultOf(status: number, body: string): ExecutionResult {
  try {
    return JSON.parse(body);
  } catch {
    const shown = body.slice(0, 300);
    return { errors: [new GraphQLError(`HTTP ${status} with a body that is not JSON: ${shown}`)] };
  }
}
