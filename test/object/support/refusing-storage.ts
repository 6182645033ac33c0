import { evictDurableObject } from "cloudflare:test";
import { parseRevocation } from "../../../src/core/revocation.ts";
import type { Random } from "../../chaos/random.ts";
import type { ChaosMessage, Traffic } from "../../chaos/traffic.ts";
import type { EvictableClient } from "./evictable-client.ts";
import { REFUSED, type Refused, refuseWrites, takeWrites } from "./refuse-writes.ts";
import type { newWorkspace } from "./workspace.ts";

/** How often each happens while writes are refused, relative to the others. */
const WEIGHTS = { evicted: 3, reconnected: 4, "begun anew": 3, revoked: 2, nothing: 2 } as const;

const CALLS = { least: 2, most: 5 };
/** The service restarts, as far as clients are concerned: they come back at once, and resume. */
const RESTART = 1012;

export interface RefusingStorageContext {
  readonly workspace: ReturnType<typeof newWorkspace>;
  readonly traffic: Traffic;
  readonly random: Random;
  readonly clients: readonly EvictableClient[];
  /** The messages of one call. */
  readonly newMessages: () => readonly ChaosMessage[];
  /** How far back the log no longer reaches now. */
  readonly logFloor: () => Promise<number>;
  readonly count: (what: string) => void;
  readonly wrong: string[];
}

/** A storage that refuses writes for a while, as a full one does: some messages, what operations leave there, or anything. */
export class RefusingStorage {
  readonly #context: RefusingStorageContext;

  constructor(context: RefusingStorageContext) {
    this.#context = context;
  }

  /** Goes through one such while. Everybody is connected again at its end, and some of what was refused never comes again. */
  async refuse(): Promise<void> {
    const { workspace, random, newMessages, clients, count } = this.#context;
    const what = random.pick(REFUSED);
    count(`refused: ${what}`);
    for (const client of clients) await client.settle();
    const calls = Array.from({ length: random.between(CALLS.least, CALLS.most) }, newMessages);
    const isRefused = () => what === "anything" || (what === "messages" && random.chance(0.5));
    const refused = new Set(calls.flat().filter(isRefused));
    const ids = Array.from(refused, ({ id }) => id);
    await refuseWrites(workspace.stub, what, ids);
    for (const call of calls) {
      await this.#publish(call, refused);
      await this.#act(what);
    }
    await takeWrites(workspace.stub);
    for (const client of clients) await this.#comeBack(client);
    // A publisher may give up: then nobody may have heard of it.
    for (const message of refused) if (random.chance(0.6)) await this.#publish([message]);
  }

  /** Publishes the messages of a call, of which some cannot be written: these alone are answered so. */
  async #publish(messages: readonly ChaosMessage[], refused: ReadonlySet<ChaosMessage> = new Set()): Promise<void> {
    const { workspace, traffic, count, wrong } = this.#context;
    const results = await workspace.send(...messages.map(({ body }) => body));
    for (const [i, message] of messages.entries()) {
      const result = results[i];
      const isTaken = traffic.answered(message, result);
      const isRepeated = result !== undefined && "duplicate" in result && result.duplicate;
      if (isTaken === refused.has(message) || isRepeated) wrong.push(`${message.id}: ${JSON.stringify(result)}`);
      if (!isTaken) count("messages that could not be written");
    }
  }

  async #act(what: Refused): Promise<void> {
    const { random, clients, logFloor } = this.#context;
    const client = random.pick(clients);
    switch (random.weighted(WEIGHTS)) {
      case "evicted":
        return this.#evict();
      case "reconnected":
        client.drop();
        return client.connect(await logFloor());
      case "begun anew":
        if (client.closed === undefined) await client.beginAnew(random.pick(client.operations));
        return;
      case "revoked":
        return this.#revoke(client, what);
      case "nothing":
        return;
    }
  }

  /** Revokes a client: at once where that can be written, or it is not revoked and goes on. */
  async #revoke(client: EvictableClient, what: Refused): Promise<void> {
    const { workspace, traffic, wrong } = this.#context;
    await client.settle();
    const isThere = client.closed === undefined;
    const revocation = parseRevocation({ userId: client.userId, before: client.issuedAt / 1000 }, Date.now());
    const answer = await workspace.stub.revoke(revocation).catch(() => undefined);
    if ((answer === undefined) !== (what === "anything")) wrong.push(`a revoke was answered ${JSON.stringify(answer)}`);
    if (answer === undefined) return;
    client.ends.revokedAt = traffic.log.head;
    client.issuedAt += 1000;
    if (isThere) await client.mustEnd("Revoked");
    else client.drop();
    await client.connect(await this.#context.logFloor());
  }

  /** Sees that a socket was closed for what could not be kept, if it was closed, and takes another. */
  async #comeBack(client: EvictableClient): Promise<void> {
    const { logFloor, count, wrong } = this.#context;
    await client.settle();
    if (client.closed === undefined) return;
    if (client.closed.code !== RESTART) wrong.push(`a socket was closed ${JSON.stringify(client.closed)}`);
    count("closed as its state could not be kept");
    client.drop();
    await client.connect(await logFloor());
  }

  /** It may not be there. */
  async #evict(): Promise<void> {
    await evictDurableObject(this.#context.workspace.stub).catch(() => undefined);
  }
}
