import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { auditServer } from "graphql-http";
import { createClient } from "graphql-sse";
import { expect } from "vitest";
import type { Gateway } from "../support/gateway.ts";
import { curlArguments } from "./curl.ts";
import { graphqlWs } from "./graphql-ws.ts";
import { createSetup, until } from "./setup.ts";
import { startYogaServer } from "./yoga-server.ts";

/** Something else that is put before the gateway than a client that subscribes: publishers, suites, tools. */
export interface OtherRun {
  readonly name: string;
  readonly packages: readonly string[];
  readonly what: string;
  /** Of docs/protocol.md. */
  readonly rules: string;
  /** @returns what the table of docs/clients.md says */
  readonly run: (gateway: Gateway) => Promise<string>;
}

export const OTHER_RUNS: readonly OtherRun[] = [
  {
    name: "curl",
    packages: [],
    what: "a query over HTTP",
    rules: "[HTTP-1]",
    async run(gateway) {
      const authorization = `Bearer ${await gateway.token(crypto.randomUUID())}`;
      const body = { query: "{ __typename }" };
      const { stdout } = await promisify(execFile)(
        "curl",
        curlArguments(`${gateway.url}/graphql`, authorization, "application/json", body),
      );
      expect(JSON.parse(stdout)).toEqual({ data: { __typename: "Query" } });
      return "answered";
    },
  },
  {
    name: "graphql-http",
    packages: ["graphql-http"],
    what: "its audits of GraphQL over HTTP",
    rules: "[HTTP-1]",
    async run(gateway) {
      const authorization = `Bearer ${await gateway.token(crypto.randomUUID())}`;
      const audits = await auditServer({
        url: `${gateway.url}/graphql`,
        fetchFn: (url: string, { headers, ...init }: RequestInit = {}) =>
          fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(headers)), authorization } }),
      });
      expect(audits.filter(({ status }) => status !== "ok").map(({ id, name }) => `${id} ${name}`)).toEqual([]);
      const count = (level: string) => audits.filter(({ name }) => name.startsWith(level)).length;
      expect(count("MUST")).toBeGreaterThan(10);
      return `all pass: ${["MUST", "SHOULD", "MAY"].map((level) => `${count(level)} ${level}`).join(", ")}`;
    },
  },
  {
    name: "Apollo Client 4, PersistedQueryLink",
    packages: ["@apollo/client"],
    what: "a query by its hash, where no documents are persisted",
    rules: "[HTTP-15]",
    async run(gateway) {
      const authorization = `Bearer ${await gateway.token(crypto.randomUUID())}`;
      const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
      const http = new HttpLink({ uri: `${gateway.url}/graphql`, headers: { authorization } });
      const link = new PersistedQueryLink({ sha256 }).concat(http);
      const client = new ApolloClient({ link, cache: new InMemoryCache() });
      const { data } = await client.query({ query: gql("{ gatewayVersion }") });
      expect(data).toEqual({ gatewayVersion: expect.any(String) });
      client.stop();
      return "sends the document itself, and is answered";
    },
  },
  {
    name: "[a Worker](../examples/publisher-worker)",
    packages: ["wrangler"],
    what: "`publish` over a service binding, and graphql-ws as its subscriber",
    rules: "[OP-12]",
    async run(gateway) {
      const setup = await createSetup(gateway, graphqlWs);
      const { told } = await setup.follow();
      const change = { workspaceId: setup.workspaceId, before: { name: "Ada" }, after: { name: "Grace" } };
      const request = { method: "POST", body: JSON.stringify(change) };
      const answer = await gateway.ask("publisher-worker", "/people/p1", request);
      expect(await answer.json()).toMatchObject({ events: 1, duplicate: false });
      await until(() => expect(told.names).toEqual(["Grace"]));
      await setup.close();
      return "delivered";
    },
  },
  {
    name: "[two Yoga servers](../test/clients/yoga-server.ts)",
    packages: ["graphql-yoga", "graphql-sse"],
    what: "a mutation at one, whose `SluicePubSub` publishes, and a subscription at the other, by graphql-sse",
    rules: "[SHIM-7]",
    async run(gateway) {
      const [reader, writer] = await Promise.all([startYogaServer(gateway.url), startYogaServer(gateway.url)]);
      const [reading, writing] = [createClient(reader), createClient(writer)];
      const workspaceId = crypto.randomUUID();
      const notes = reading.iterate({
        query: "subscription ($workspaceId: ID!) { noteAdded(workspaceId: $workspaceId) }",
        variables: { workspaceId },
      });
      const first = notes.next();
      await gateway.until(workspaceId, "the engine's subscription", ({ operations }) => operations === 1);
      const query = "mutation ($workspaceId: ID!, $text: String!) { addNote(workspaceId: $workspaceId, text: $text) }";
      for (const text of ["one", "two"]) {
        const { value } = await writing.iterate({ query, variables: { workspaceId, text } }).next();
        expect(value).toEqual({ data: { addNote: true } });
      }
      const results = [await first, await notes.next()];
      expect(results.map(({ value }) => value)).toEqual([
        { data: { noteAdded: "one" } },
        { data: { noteAdded: "two" } },
      ]);
      await notes.return?.();
      await gateway.until(workspaceId, "its end", ({ operations }) => operations === 0);
      for (const client of [reading, writing]) client.dispose();
      await Promise.all([reader.stop(), writer.stop()]);
      return "delivered in order";
    },
  },
];
