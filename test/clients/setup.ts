import { expect, vi } from "vitest";
import type { SignTokenOptions } from "../../scripts/lib/sign-token.ts";
import { personUpdated } from "../e2e/events.ts";
import type { Gateway } from "../support/gateway.ts";
import { type Network, startNetwork } from "../support/network.ts";
import type { Client, OpenClient, Operation, Unsubscribe } from "./client.ts";
import { textOf } from "./client-errors.ts";

/** Its default is for GraphiQL, where variables have an editor of their own. */
export const PEOPLE: Operation = {
  query: "subscription Watch($input: OnDbEventInput! = {}) { onDbEvent(input: $input) { record } }",
  variables: { input: { objectNameSingular: "person" } },
};

/** All that a subscription told. */
export interface Told {
  /** Of the records. */
  readonly names: string[];
  readonly errors: unknown[];
  hasEnded: boolean;
}

interface Subscription {
  readonly told: Told;
  readonly unsubscribe: Unsubscribe;
}

/** One client with a workspace, and a network between it and the gateway, of their own. */
export interface Setup {
  readonly client: Client;
  readonly workspaceId: string;
  readonly network: Network;
  /** Decides on the tokens that the client gets from now on. */
  issue(options: SignTokenOptions): void;
  start(operation?: Operation): Promise<Subscription>;
  /** Starts a subscription to all people, and waits until the gateway has it. */
  follow(): Promise<Subscription>;
  publish(...names: string[]): Promise<void>;
  /** Waits until the gateway has no operation. A client over SSE that has gone shows at a write. */
  untilFreed(): Promise<void>;
  /** Waits until the client has asked for a second token. */
  untilReconnected(): Promise<void>;
  /** Waits until the client tells what is published from now on. */
  untilBack(told: Told): Promise<string>;
  close(): Promise<void>;
}

export async function createSetup(gateway: Gateway, client: Client): Promise<Setup> {
  const workspaceId = crypto.randomUUID();
  const network = await startNetwork(Number(new URL(gateway.url).port));
  let tokenOptions: SignTokenOptions = {};
  let tokensIssued = 0;
  let opening: Promise<OpenClient> | undefined;

  async function open(): Promise<OpenClient> {
    const host = `127.0.0.1:${network.port}`;
    const token = () => {
      tokensIssued++;
      return gateway.token(workspaceId, tokenOptions);
    };
    return client.open({ url: `http://${host}/graphql`, wsUrl: `ws://${host}/graphql`, token });
  }

  async function start(operation = PEOPLE): Promise<Subscription> {
    opening ??= open();
    const told: Told = { names: [], errors: [], hasEnded: false };
    const client = await opening;
    const unsubscribe = await client.subscribe(operation, {
      next({ data, error, errors = error }) {
        if (errors) told.errors.push(errors);
        else told.names.push(nameIn(data));
      },
      error: (error) => told.errors.push(error),
      complete: () => (told.hasEnded = true),
    });
    return { told, unsubscribe };
  }

  const publish = async (...names: string[]) => void (await gateway.publish(personUpdated(workspaceId, ...names)));

  return {
    client,
    workspaceId,
    network,
    issue(options) {
      tokenOptions = options;
    },
    start,
    async follow() {
      const subscription = await start();
      await gateway.until(workspaceId, "a subscription", ({ operations }) => operations === 1);
      return subscription;
    },
    publish,
    untilFreed: () =>
      until(async () => {
        await publish("nobody");
        expect((await gateway.inspect(workspaceId)).operations).toBe(0);
      }),
    untilReconnected: () => until(() => expect(tokensIssued).toBeGreaterThan(1)),
    async untilBack(told) {
      await until(async () => {
        await publish("back");
        expect(told.names).toContain("back");
      });
      expect(told.errors).toEqual([]);
      return "comes back by itself";
    },
    async close() {
      await (await opening)?.close();
      network.close();
    },
  };
}

export const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 40_000, interval: 50 });

/** Waits until a subscription has told its end or an error, and says which. */
export async function untilTold(told: Told): Promise<string> {
  await until(() => expect(told.hasEnded || told.errors.length > 0).toBe(true));
  if (told.errors.length === 0) return "ends";
  const text = textOf(told.errors[0]);
  return /token (has )?expired/i.test(text) ? "tells why" : `tells: ${text}`;
}

function nameIn(data: unknown): string {
  return (data as { onDbEvent: { record: { name: string } } }).onDbEvent.record.name;
}
