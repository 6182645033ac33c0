import type { ChaosClient } from "./chaos-client.ts";
import type { KillableGateway } from "./killable-gateway.ts";
import { CLIENT_KINDS, type ClientKind } from "./line.ts";
import type { Publishing } from "./publishing.ts";
import { sleep, until } from "./sleep.ts";
import type { Tally } from "./tally.ts";

/** What the system keeps for a connection is some megabytes; only what goes past that waits in the gateway. */
const MOST_CALLS = 40;
const MESSAGES_PER_CALL = 4;
/** The edge looks ten times a second whether bytes still wait, and gives up a reader that has eight times its budget by then. */
const CALL_PAUSE_MS = 25;
const MESSAGE_BYTES = 240 * 1024;
/** Only those who ask for everything get these. */
const OBJECT = "attachment";
/** Calls that are published after it fell behind, so that there is something to miss. */
const CALLS_BEHIND = 3;
const LONGEST_PAUSE_MS = 25_000;
const CATCH_UP_MS = 15_000;
const BETWEEN_MS = 1_500;
/** How long it waits for a client to which something else happens, before it takes the next. */
const TURN_MS = 10_000;

/** Makes one client after the other so slow that bytes wait for it in the gateway, and sees it catch up. */
export class SlowReaders {
  /** How many were told that they are live again, which only happens to those who had fallen behind. */
  readonly caught: Record<ClientKind, number> = { direct: 0, relayed: 0, sse: 0 };
  readonly #clients: readonly ChaosClient[];
  readonly #gateway: KillableGateway;
  readonly #publishing: Publishing;
  readonly #leftAlone: Set<ChaosClient>;
  readonly #tally: Tally;
  #slow: ChaosClient | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param clients with one operation each, that asks for everything */
  constructor(
    clients: readonly ChaosClient[],
    context: { gateway: KillableGateway; publishing: Publishing; leftAlone: Set<ChaosClient>; tally: Tally },
  ) {
    this.#clients = clients;
    this.#gateway = context.gateway;
    this.#publishing = context.publishing;
    this.#leftAlone = context.leftAlone;
    this.#tally = context.tally;
  }

  /** Whether one is slow now: a kill would end it before anything is seen. */
  get isBusy(): boolean {
    return this.#slow !== undefined;
  }

  start(): void {
    this.#running = this.#goOn();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** What a run cannot say anything about, as it never happened. */
  unproven(): string[] {
    return CLIENT_KINDS.filter((kind) => this.caught[kind] === 0).map(
      (kind) => `proves nothing about slow readers (${kind}): none was caught with bytes waiting for it`,
    );
  }

  async #goOn(): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn++) {
      const client = this.#clients[turn % this.#clients.length];
      if (client === undefined) return;
      // A client that is watched for its end would not see it while it does not read.
      if (!(await until(() => !this.#leftAlone.has(client), TURN_MS))) continue;
      this.#leftAlone.add(client);
      this.#slow = client;
      await this.#slowDown(client);
      this.#slow = undefined;
      this.#leftAlone.delete(client);
      await sleep(BETWEEN_MS);
    }
  }

  async #slowDown(client: ChaosClient): Promise<void> {
    const [operation] = client.operations;
    if (operation === undefined) return;
    const { model } = operation;
    client.readOn();
    await until(() => client.isReady && model.isLive, 5_000);
    const { current, traffic } = client;
    const { timesLive } = model;
    if (current === undefined || !model.isLive || !client.pause(LONGEST_PAUSE_MS)) return;
    this.#tally.happened(`slow reader (${client.options.kind})`);
    let behind = 0;
    for (let call = 0; call < MOST_CALLS && behind < CALLS_BEHIND && client.current === current; call++) {
      const shape = { object: OBJECT, fieldBytes: MESSAGE_BYTES };
      const messages = Array.from({ length: MESSAGES_PER_CALL }, () => traffic.newMessage(1, shape));
      await this.#publishing.publish(traffic, messages);
      // Others of the workspace catch up as well, but not for long.
      const { catchingUp } = await this.#gateway.untilAnswered(traffic.workspaceId);
      behind = Number(catchingUp) > 0 ? behind + 1 : 0;
      await sleep(CALL_PAUSE_MS);
    }
    client.readOn();
    await until(() => client.current !== current || model.timesLive > timesLive, behind > 0 ? CATCH_UP_MS : 2_000);
    // The quiet are told their position as well: only one that was seen to be behind has caught up by it.
    if (behind === CALLS_BEHIND && client.current === current && model.timesLive > timesLive)
      this.caught[client.options.kind]++;
  }
}
