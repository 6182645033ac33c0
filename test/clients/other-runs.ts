import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { auditServer } from "graphql-http";
import { expect } from "vitest";
import type { Gateway } from "../support/gateway.ts";
import { curlArguments } from "./curl.ts";
import { graphqlWs } from "./graphql-ws.ts";
import { createSetup, until } from "./setup.ts";

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
];
