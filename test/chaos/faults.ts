import type { ChaosClient, Live } from "./chaos-client.ts";
import type { KillableGateway } from "./killable-gateway.ts";
import type { LineOptions } from "./line.ts";
import type { Publishing } from "./publishing.ts";
import type { Random } from "./random.ts";
import { isRefused } from "./refused.ts";
import type { Rights } from "./rights.ts";
import { sleep, until } from "./sleep.ts";
import type { Tally } from "./tally.ts";

/** How often each happens, relative to the others. */
const WEIGHTS = {
  terminate: 30,
  close: 18,
  pause: 15,
  refresh: 8,
  revoke: 6,
  expire: 2.5,
  "permission change": 6,
  "subscribe again": 6,
  "unknown position": 3,
  "duplicate publish": 10,
  "simultaneous duplicates": 6,
} as const;

type Fault = keyof typeof WEIGHTS;

/** What a revoke has to close a socket, and as much again for a busy machine. */
const REVOKE_MS = 2_000;
const SHORT_LIFE_SECONDS = 2;
/** From the expiry to the close, on a busy machine. */
const EXPIRY_MS = 3_000;
/** How long one that should have ended is watched, to tell whether it does at all. */
const LATE_MS = 10_000;
/** How long a role is taken away. */
const NARROW_MS = [50, 1_500] as const;
/** Killed, or restarted meanwhile. */
const CUT_OFF_CODES: readonly number[] = [1006, 1012];

export interface FaultsContext {
  readonly clients: readonly ChaosClient[];
  /** Something happens to them that takes its time, and that a cut would end. */
  readonly leftAlone: Set<ChaosClient>;
  readonly gateway: KillableGateway;
  readonly publishing: Publishing;
  /** By workspace. */
  readonly rights: ReadonlyMap<string, Rights>;
  readonly random: Random;
  readonly tally: Tally;
}

/** What is done to clients while everything goes on. Does not wait for what it causes. */
export class Faults {
  readonly #context: FaultsContext;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #narrow = new Set<ChaosClient>();

  constructor(context: FaultsContext) {
    this.#context = context;
  }

  /** Waits for all that was caused. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  cause(fault: Fault = this.#context.random.weighted(WEIGHTS)): void {
    const { clients, leftAlone, random, tally } = this.#context;
    // Losing a right cuts nobody off, and hits those most who have yet to get what it was for.
    const isForAll = fault === "permission change" && leftAlone.size > 0 && random.chance(0.5);
    const others = isForAll ? [...leftAlone] : clients.filter((candidate) => !leftAlone.has(candidate));
    const ready = others.filter(({ isReady }) => isReady);
    // A cut may hit a client that only begins to connect.
    const isCut = fault === "terminate" || fault === "close";
    const client = random.pick(isCut || ready.length === 0 ? others : ready);
    if (this.#do(fault, client)) return tally.happened(fault);
    this.cause("duplicate publish");
  }

  /** Returns whether there was anything to do it to. */
  #do(fault: Fault, client: ChaosClient): boolean {
    const { publishing, random } = this.#context;
    switch (fault) {
      case "terminate":
      case "close":
        if (client.current === undefined) return false;
        client.cut(fault);
        return true;
      case "pause":
        return client.pause(random.between(20, 600));
      case "subscribe again":
        if (!client.isReady) return false;
        client.subscribeAgain(random.below(3));
        return true;
      case "unknown position":
        return client.isReady && client.subscribeAfterUnknown(random.below(3), random.chance(0.5));
      case "refresh":
        if (client.current?.line.canRefresh !== true || !client.isReady) return false;
        return this.#inBackground(client.refresh());
      case "revoke":
        return this.#inBackground(this.#alone(client, () => this.#revoke(client)));
      case "expire":
        if (!client.isReady) return false;
        return this.#inBackground(this.#alone(client, () => this.#expire(client)));
      case "permission change":
        if (!client.options.resumes || this.#narrow.has(client)) return false;
        return this.#inBackground(this.#narrowFor(client, random.between(...NARROW_MS)));
      case "duplicate publish":
        return this.#inBackground(publishing.publishAgain(client.traffic));
      case "simultaneous duplicates":
        return this.#inBackground(publishing.publishTwice(client.traffic));
    }
  }

  /** Revokes a client's tokens so far; it comes back with one of the next second. */
  async #revoke(client: ChaosClient): Promise<void> {
    const { gateway } = this.#context;
    const { current, issuedAt, traffic, options } = client;
    const before = await client.lineOptions();
    await gateway.untilAnswered(`${traffic.workspaceId}/revoke`, { userId: options.userId, before: issuedAt });
    // What the log takes from now on comes after the answer.
    client.revoked(current, await gateway.headOf(traffic.workspaceId), issuedAt + 1);
    await this.#mustEnd(client, current, REVOKE_MS, "Revoked");
    await this.#mustBeRefused(before);
  }

  /** Takes a role away from a client for a while, whatever else happens to it meanwhile. */
  async #narrowFor(client: ChaosClient, ms: number): Promise<void> {
    const { traffic, options } = client;
    const rights = this.#context.rights.get(traffic.workspaceId);
    if (rights === undefined) return;
    this.#narrow.add(client);
    client.narrows();
    client.narrowed(await rights.change(options.userWorkspaceId, "narrow"));
    await sleep(ms);
    client.widens();
    client.widened(await rights.change(options.userWorkspaceId, "wide"));
    this.#narrow.delete(client);
  }

  /** Gives a client a token of a short life; it brings a newer one in time, or it is closed. */
  async #expire(client: ChaosClient): Promise<void> {
    const { random, tally } = this.#context;
    const before = client.current;
    client.shorten(SHORT_LIFE_SECONDS);
    await until(() => client.isReady && client.current !== before, 2_000);
    const { current } = client;
    if (current === undefined || !client.isReady) return;
    const { expiresAt, line } = current;
    // Killed before it connected, it came back with a long one.
    if (expiresAt > Date.now() + 1000 * SHORT_LIFE_SECONDS) return;
    const refreshes = line.canRefresh && random.chance(0.4);
    if (refreshes) await client.refresh();
    const ms = expiresAt - Date.now() + EXPIRY_MS;
    if (!refreshes) return this.#mustEnd(client, current, ms, "Token expired");
    await until(() => client.current !== current || Date.now() > expiresAt + 500, ms);
    if (current.gone?.code === 4403 && current.expiresAt > expiresAt) {
      tally.wrong.push(`a socket that had brought a newer token was closed: ${current.gone.reason}`);
    }
    if (current.expiresAt > expiresAt) tally.count("expiries put off by a newer token");
  }

  /** Sees that a token which was revoked opens nothing any more, wherever the gateway is by now. */
  async #mustBeRefused(before: LineOptions): Promise<void> {
    const { gateway, tally } = this.#context;
    const refused = await isRefused({ ...before, url: gateway.client.wsUrl });
    if (refused === true) tally.count(`refused after a revoke (${before.kind})`);
    if (refused === false) tally.wrong.push(`a token that was revoked opened a line (${before.kind})`);
  }

  /** Sees a connection end in time, and for the right reason. */
  async #mustEnd(client: ChaosClient, live: Live | undefined, withinMs: number, reason: string): Promise<void> {
    const { tally } = this.#context;
    if (live === undefined) return;
    if (!(await until(() => client.current !== live, withinMs))) {
      const dueAt = Date.now();
      const ended = await until(() => client.current !== live, LATE_MS);
      const late = ended ? `${Date.now() - dueAt} ms more, ${JSON.stringify(live.gone)}` : "for good";
      const heard = `last heard ${dueAt - live.heardAt} ms before, ${live.resumeReading === undefined ? "" : "not "}reading`;
      return void tally.wrong.push(`a connection (${client.options.kind}) stayed open ${late}; ${heard}: ${reason}`);
    }
    const { gone } = live;
    if (gone === undefined || client.options.kind === "sse" || CUT_OFF_CODES.includes(gone.code)) return;
    if (gone.code !== 4403 || gone.reason !== reason) {
      tally.wrong.push(`a socket was closed ${gone.code} ${gone.reason} instead of 4403 ${reason}`);
    }
    tally.count(`closed for ${reason}`);
  }

  async #alone(client: ChaosClient, work: () => Promise<void>): Promise<void> {
    const { leftAlone } = this.#context;
    leftAlone.add(client);
    client.readOn();
    try {
      await work();
    } finally {
      leftAlone.delete(client);
    }
  }

  #inBackground(work: Promise<unknown>): true {
    const { tally } = this.#context;
    const settled = work
      .catch((thrown: unknown) => tally.wrong.push(String(thrown)))
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return true;
  }
}
