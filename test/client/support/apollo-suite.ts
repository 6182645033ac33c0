import { parse } from "graphql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { ApolloLinkOptions, RefetchingClient } from "../../../client/apollo.ts";
import { SluiceServer } from "../../support/sluice-server.ts";
import { QUERY, range, sleep } from "./follow.ts";
import { seededRandom } from "./seeded-random.ts";

/** As much of an Apollo Client as the suite needs, of whatever version. */
export interface SuiteClient extends RefetchingClient {
  subscribe(options: { query: ReturnType<typeof parse>; variables: Record<string, unknown> }): {
    subscribe(observer: { next(result: { data?: unknown; error?: unknown }): void; error(error: unknown): void }): {
      unsubscribe(): void;
    };
  };
  stop(): void;
}

/** The same for each version of Apollo Client: an application that has no code for any of this. */
export function apolloSuite(version: string, createApolloClient: (options: ApolloLinkOptions) => SuiteClient): void {
  describe(`[C60] Apollo Client ${version}`, () => {
    let server: SluiceServer;
    beforeEach(async () => {
      server = await SluiceServer.start();
    });
    afterEach(async () => {
      await server.stop();
    });

    const make = (options: Partial<ApolloLinkOptions> = {}) =>
      createApolloClient({ url: server.url, retryWait: () => sleep(5), webSocketImpl: WebSocket, ...options });

    function follow(client: SuiteClient, topic: string, query = QUERY) {
      const events: unknown[] = [];
      const errors: unknown[] = [];
      const subscription = client.subscribe({ query: parse(query), variables: { topic } }).subscribe({
        // Version 4 tells errors with the results.
        next: ({ data, error }) =>
          error === undefined ? events.push((data as { event: unknown }).event) : errors.push(error),
        error: (error) => errors.push(error),
      });
      return { events, errors, subscription };
    }
    /** Until so many subscriptions know their positions, which the client answers with a pong each. */
    const untilLive = (count: number) =>
      until(() => expect(server.received.filter(({ type }) => type === "pong")).toHaveLength(count));
    const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

    test("[C60] every event once and in order, though the connection is cut off at random", async () => {
      const random = seededRandom(60);
      const client = make();
      // Apollo makes one operation of the two that are equal.
      const followed = ["a", "b", "b"].map((topic) => follow(client, topic));
      await untilLive(2);
      for (let value = 1; value <= 300; value++) {
        server.publish("a", value);
        server.publish("b", value);
        if (random() < 0.05) server.drop();
        if (random() < 0.3) await sleep(random() * 10);
      }
      await until(() => expect(followed.map(({ events }) => events.length)).toEqual([300, 300, 300]));
      for (const { events, errors } of followed) {
        expect(events).toEqual(range(1, 300));
        expect(errors).toEqual([]);
      }
      expect(server.acknowledged).toBeGreaterThan(3);
      for (const { subscription } of followed) subscription.unsubscribe();
      await until(() => expect(server.operations).toBe(0));
      client.stop();
    });

    test("[C60] after a gap the active queries are fetched again, once for all subscriptions", async () => {
      const gaps = vi.fn();
      let refetch = vi.fn();
      const client: SuiteClient = make({ refetchOnGap: () => client, onGap: gaps });
      refetch = vi.spyOn(client, "refetchQueries") as unknown as typeof refetch;
      follow(client, "a");
      follow(client, "b");
      await untilLive(2);
      const random = vi.spyOn(Math, "random").mockReturnValue(0.01);
      server.publish("a", 1);
      server.publish("b", 2);
      await sleep(20);
      server.startAgain();
      server.drop();
      await until(() => expect(gaps).toHaveBeenCalledTimes(2));
      await until(() => expect(refetch).toHaveBeenCalledTimes(1));
      await sleep(50);
      expect(refetch.mock.calls).toEqual([[{ include: "active" }]]);
      random.mockRestore();
      client.stop();
    });

    test("[C60] after a gap during a fetch the queries are fetched once more: what is on its way may be older", async () => {
      const gaps = vi.fn();
      let answer: () => void = () => undefined;
      const client: SuiteClient = make({ refetchOnGap: () => client, onGap: gaps });
      const refetch = vi.spyOn(client, "refetchQueries");
      refetch.mockImplementation(() => new Promise<void>((resolve) => (answer = resolve)));
      follow(client, "a");
      await untilLive(1);
      const random = vi.spyOn(Math, "random").mockReturnValue(0.01);
      for (const count of [1, 2, 3]) {
        server.startAgain();
        server.drop();
        await until(() => expect(gaps).toHaveBeenCalledTimes(count));
        await until(() => expect(refetch).toHaveBeenCalled());
      }
      await sleep(100);
      expect(refetch).toHaveBeenCalledTimes(1);
      answer();
      await until(() => expect(refetch).toHaveBeenCalledTimes(2));
      answer();
      await sleep(50);
      expect(refetch).toHaveBeenCalledTimes(2);
      random.mockRestore();
      client.stop();
    });

    test("[C60] a connection that is refused for good is an error of the subscription", async () => {
      server.closesToCome.push({ code: 4403, reason: "Forbidden" }, { code: 4403, reason: "Forbidden" });
      const client = make();
      const { errors } = follow(client, "a");
      await until(() => expect(errors).toHaveLength(1));
      expect(String(errors[0])).toContain("Socket closed with event 4403 Forbidden");
      client.stop();
    });
  });
}
