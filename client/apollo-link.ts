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
   * missed some together, and within 2 s, so that not all clients of a server ask at the same moment, or after those that
   * are being fetched because of an earlier gap.
   * @default nothing is fetched; `onGap` is told anyway
   */
  refetchOnGap?: () => RefetchingClient | undefined;
}

const REFETCH_SPREAD_MS = 2_000;
/** A query that is never answered keeps the others from being fetched no longer than this. */
const MAX_REFETCH_MS = 30_000;

/**
 * A terminating link for subscriptions, for Apollo Client 3 and 4; it is Apollo's own `GraphQLWsLink` over `createClient`.
 * The graphql-ws client is its member `client`.
 * @throws TypeError when positions are to be kept and it is not said for whom
 */
export function createApolloLink({ refetchOnGap, ...options }: ApolloLinkOptions): GraphQLWsLink {
  let isPlanned = false;
  // One after the other: Apollo joins a query to an equal one that is on its way, whose answer may be older than the gap.
  let fetched = Promise.resolve();

  async function refetch(): Promise<void> {
    isPlanned = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, MAX_REFETCH_MS);
    });
    try {
      await Promise.race([refetchOnGap?.()?.refetchQueries({ include: "active" }), timeout]);
    } catch {
      // Each query has told its own observers.
    }
    clearTimeout(timer);
  }

  return new GraphQLWsLink(
    createClient({
      ...options,
      onGap(operation) {
        if (refetchOnGap !== undefined && !isPlanned) {
          isPlanned = true;
          setTimeout(() => {
            fetched = fetched.then(refetch);
          }, Math.random() * REFETCH_SPREAD_MS);
        }
        options.onGap?.(operation);
      },
    }),
  );
}
