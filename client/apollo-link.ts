// With the file's name: Node finds it that way in version 3 as well, which has no "exports".
import { GraphQLWsLink } from "@apollo/client/link/subscriptions/index.js";
import { type ClientOptions, createClient } from "./create-client.ts";

/** As much of an Apollo Client, of version 3 or 4, as is needed to bring its cache up to date. */
export interface RefetchingClient {
  refetchQueries(options: { include: "active" }): PromiseLike<unknown>;
}

export interface ApolloLinkOptions extends ClientOptions {
  /**
   * Gives the Apollo Client whose active queries are fetched again when subscriptions have missed events: once for all that
   * missed some together, and within 2 s, so that not all clients of a server ask at the same moment.
   * @default nothing is fetched; `onGap` is told anyway
   */
  refetchOnGap?: () => RefetchingClient | undefined;
}

const REFETCH_SPREAD_MS = 2_000;

/**
 * A terminating link for subscriptions, for Apollo Client 3 and 4; it is Apollo's own `GraphQLWsLink` over `createClient`.
 * The graphql-ws client is its member `client`.
 * @throws TypeError when positions are to be kept and it is not said for whom
 */
export function createApolloLink({ refetchOnGap, ...options }: ApolloLinkOptions): GraphQLWsLink {
  let isPlanned = false;

  async function refetch(): Promise<void> {
    isPlanned = false;
    try {
      await refetchOnGap?.()?.refetchQueries({ include: "active" });
    } catch {
      // Each query has told its own observers.
    }
  }

  return new GraphQLWsLink(
    createClient({
      ...options,
      onGap(operation) {
        if (refetchOnGap !== undefined && !isPlanned) {
          isPlanned = true;
          setTimeout(() => void refetch(), Math.random() * REFETCH_SPREAD_MS);
        }
        options.onGap?.(operation);
      },
    }),
  );
}
