/**
 * Kills the gateway at the moment a client receives an event, and looks for that event afterwards:
 * `npm run chaos:kill -- [--rounds N]`. Every event that anybody has seen must be in the log.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { comparePositions, parsePosition } from "../../src/core/pubsub/position.ts";
import { personUpdated } from "../e2e/events.ts";
import { type GatewayClient, gatewayAt } from "../support/gateway.ts";
import { type Frame, RawSocket } from "../support/raw-socket.ts";
import { startWorkerd, type Workerd } from "../support/workerd.ts";

export interface Figures {
  readonly rounds: number;
  /** Events that a client had received when the process was killed. */
  readonly delivered: number;
  /** Messages whose publisher had its answer by then. */
  readonly answered: number;
  /** Delivered events and answered messages that the log did not have afterwards, each told in words. */
  readonly missing: readonly string[];
}

interface Delivered {
  readonly name: string;
  readonly position: string;
}

const MESSAGES_PER_ROUND = 12;
const MAX_EVENTS_PER_MESSAGE = 3;

/** Runs the rounds over one storage: each begins with what the last one left. */
export async function killAtDelivery(rounds: number, onRound: (figures: Figures) => void = () => {}): Promise<Figures> {
  const storageDir = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  const workspaceId = crypto.randomUUID();
  let figures: Figures = { rounds: 0, delivered: 0, answered: 0, missing: [] };
  let workerd = await startWorkerd({ storageDir });
  let from: string | undefined;
  try {
    while (figures.rounds < rounds) {
      const isRelayed = figures.rounds % 2 === 1;
      const { delivered, answers, messages } = await publishUntilKilled(workerd, workspaceId, isRelayed);
      workerd = await startWorkerd({ storageDir });
      const gateway = gatewayAt(workerd.url);
      const missing = await findMissing(gateway, workspaceId, { delivered, answers, messages, from });
      ({ position: from } = await gateway.inspect(workspaceId));
      figures = {
        rounds: figures.rounds + 1,
        delivered: figures.delivered + delivered.length,
        answered: figures.answered + answers.size,
        missing: [...figures.missing, ...missing],
      };
      onRound(figures);
    }
  } finally {
    workerd.kill("SIGKILL");
    await workerd.exited;
    await rm(storageDir, { recursive: true });
  }
  return figures;
}

interface Round {
  readonly messages: readonly Message[];
  readonly delivered: readonly Delivered[];
  /** Id of a message to the position it was answered with. */
  readonly answers: ReadonlyMap<string, string>;
}

type Message = ReturnType<typeof personUpdated> & { readonly id: string };

/** Publishes many messages at once and kills the process when some number of events has been received. */
async function publishUntilKilled(workerd: Workerd, workspaceId: string, isRelayed: boolean): Promise<Round> {
  const gateway = gatewayAt(workerd.url);
  const token = await gateway.token(workspaceId);
  const socket = await (isRelayed ? RawSocket.connectRelayed : RawSocket.connect)(gateway.wsUrl, token);
  subscribe(socket);
  await socket.drain();

  const messages = Array.from({ length: MESSAGES_PER_ROUND }, () => {
    const names = Array.from({ length: 1 + randomBelow(MAX_EVENTS_PER_MESSAGE) }, () => crypto.randomUUID());
    return { ...personUpdated(workspaceId, ...names), id: crypto.randomUUID() };
  });
  const answers = new Map<string, string>();
  const publishing = messages.map(async (message) => {
    const { results } = await gateway.publish(message);
    for (const result of results) if ("position" in result) answers.set(result.id, result.position);
  });
  const settled = Promise.allSettled(publishing);
  for (let left = 1 + randomBelow(MESSAGES_PER_ROUND); left > 0; left--) await socket.next();
  workerd.kill("SIGKILL");
  // What was on its way when the process died was delivered too.
  await Promise.all([workerd.exited, socket.closed, settled]);
  return { messages, delivered: deliveredIn(socket.frames), answers };
}

/** Says what the log lacks: by a replay from where the round began, and by publishing everything again. */
async function findMissing(
  gateway: GatewayClient,
  workspaceId: string,
  { messages, delivered, answers, from }: Round & { readonly from: string | undefined },
): Promise<string[]> {
  const missing: string[] = [];
  const { position: head = "" } = await gateway.inspect(workspaceId);
  const socket = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
  subscribe(socket, from ?? startOf(head));
  const logged = new Map<string, string>();
  while (!(await isReplayed(socket, head, logged)));
  socket.close(1000);

  for (const { name, position } of delivered) {
    if ((comparePositions(position, head) ?? 1) > 0)
      missing.push(`${position} was delivered, and the log ends at ${head}`);
    if (logged.get(name) !== position) missing.push(`${position} was delivered, and its event is not there in the log`);
  }
  const { results } = await gateway.publish(...messages);
  for (const [i, result] of results.entries()) {
    const message = messages[i];
    if (message === undefined || !("position" in result)) throw new Error(`Not published: ${JSON.stringify(result)}`);
    const names = message.events.map(({ properties }) => properties.after.name);
    const wasSeen = answers.has(message.id) || delivered.some(({ name }) => names.includes(name));
    if (wasSeen && !result.duplicate) missing.push(`${message.id} was seen, and taken as new when published again`);
    const answered = answers.get(message.id) ?? result.position;
    if (answered !== result.position)
      missing.push(`${message.id} was answered ${answered}, and then ${result.position}`);
  }
  return missing;
}

/** Takes up what has been replayed; whether that is all up to a position. */
async function isReplayed(socket: RawSocket, head: string, logged: Map<string, string>): Promise<boolean> {
  const frame = await socket.next();
  for (const { name, position } of deliveredIn([frame])) logged.set(name, position);
  const { position, gap } = (frame["payload"] ?? {}) as { position?: { position: string }; gap?: object };
  if (gap !== undefined) throw new Error(`The replay began with a gap: ${JSON.stringify(gap)}`);
  return position !== undefined && (comparePositions(position.position, head) ?? -1) >= 0;
}

function subscribe(socket: RawSocket, after?: string): void {
  const resume = after === undefined ? {} : { after };
  const query = "subscription { onDbEvent(input: {}) { record } }";
  socket.send({ type: "subscribe", id: "1", payload: { query, extensions: { resume } } });
}

function deliveredIn(frames: readonly Frame[]): Delivered[] {
  return frames.flatMap(({ type, payload }) => {
    if (type !== "next") return [];
    const { data, extensions } = payload as {
      data: { onDbEvent: { record: { name: string } } };
      extensions: { position: string };
    };
    return [{ name: data.onDbEvent.record.name, position: extensions.position }];
  });
}

/** The position before the first event of an epoch. */
function startOf(position: string): string {
  const { workspace, epoch } = parsePosition(position) ?? {};
  return `${workspace}.${epoch}.0`;
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "50" } } });
  const figures = await killAtDelivery(Number(values.rounds), ({ rounds, delivered, missing }) => {
    process.stderr.write(`round ${rounds}: ${delivered} events delivered, ${missing.length} missing from the log\n`);
  });
  const { rounds, delivered, answered, missing } = figures;
  process.stdout.write(
    `rounds ${rounds}, delivered events ${delivered}, answered messages ${answered}, missing from the log ${missing.length}\n`,
  );
  for (const what of missing) process.stdout.write(`${what}\n`);
  process.exit(missing.length === 0 ? 0 : 1);
}
