import { afterAll, beforeAll, expect, test } from "vitest";
import { parsePosition } from "../../src/core/pubsub/position.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { type Frame, RawSocket, type SocketClose } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated, recordBatch, subscribeToAll } from "./events.ts";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** The two ways to the object, each with what it puts into `connection_init`. */
const HOWS = {
  "handed to the object": (token: string) => ({ headers: { Authorization: `Bearer ${token}` }, init: {} }),
  "relayed by the edge": (token: string) => ({ headers: {}, init: { payload: { accessToken: token } } }),
} as const;

type How = keyof typeof HOWS;

/** One thing that the client or a publisher does. */
type Move = { readonly send: object } | { readonly publish: (workspaceId: string) => object };

const person = (id: string, input: object) => ({
  type: "subscribe",
  id,
  payload: { query: ON_DB_EVENT, operationName: "OnDbEvent", variables: { input } },
});
/** Too large for a socket's attachment, so that the operation is kept in storage. */
const large = person("large", { objectNameSingular: "person", recordId: "x".repeat(15_000) });

/** A ping follows whatever is not answered: its pong shows that the frame before it was worked off. */
const CONVERSATION: readonly Move[] = [
  { send: { type: "ping", payload: { n: 1 } } },
  { send: subscribeToAll("all") },
  { send: { type: "ping", payload: { n: 2 } } },
  { send: person("people", { objectNameSingular: "person", action: "UPDATED" }) },
  { send: { type: "ping", payload: { n: 3 } } },
  { send: { ...subscribeToAll("positions"), payload: { ...subscribeToAll("").payload, extensions: { resume: {} } } } },
  { publish: (workspaceId) => personUpdated(workspaceId, "Ada") },
  { publish: companiesOnce },
  { publish: companiesOnce },
  { send: { type: "subscribe", id: "query", payload: { query: "{ __typename gatewayVersion }" } } },
  { send: { type: "subscribe", id: "invalid", payload: { query: "subscription { nothing }" } } },
  { send: { type: "subscribe", id: "unreadable", payload: { query: "subscription {" } } },
  { send: large },
  { send: person("by id", { recordId: "id-Grace" }) },
  { send: { type: "ping", payload: { n: 4 } } },
  { publish: (workspaceId) => personUpdated(workspaceId, "Grace", "Edith") },
  { send: { type: "complete", id: "all" } },
  { send: { type: "ping", payload: { n: 5 } } },
  { publish: (workspaceId) => recordBatch(workspaceId, "company.deleted", "Analytical") },
  { publish: (workspaceId) => personUpdated(workspaceId, "Mary") },
  { send: { type: "complete", id: "large" } },
  { send: { type: "complete", id: "never began" } },
  { send: subscribeToAll("all") },
  { send: { type: "pong" } },
  { send: { type: "ping", payload: { n: 6 } } },
  { publish: (workspaceId) => personUpdated(workspaceId, "Joan") },
];

function companiesOnce(workspaceId: string) {
  return { ...recordBatch(workspaceId, "company.created", "Analytical", "Engines"), id: "once" };
}

/** Ends it: the id is taken. */
const DUPLICATE = subscribeToAll("all");

interface Transcript {
  readonly frames: readonly Frame[];
  readonly operations: number;
  readonly close: SocketClose;
}

/**
 * Holds the conversation in a workspace of its own.
 * @param counts how many frames answer each move, from a conversation that was held before
 */
async function converse(how: How, counts: readonly number[], evict: (id: string) => Promise<void>) {
  const { workspaceId, socket, init } = await open(how);
  const frames: Frame[] = [];
  for (const [i, move] of [init, ...CONVERSATION].entries()) {
    // Until `connection_init` has come, a timer keeps the object from being evicted.
    if (move !== init) await evict(workspaceId);
    await make(move, socket, workspaceId);
    for (let n = counts[i] ?? 0; n > 0; n--) frames.push(await socket.next());
  }
  await evict(workspaceId);
  frames.push(...(await socket.drain()));
  const { operations } = await gateway.inspect(workspaceId);
  await evict(workspaceId);
  socket.send(DUPLICATE);
  const transcript: Transcript = { frames: frames.map(normalized), operations, close: await socket.closed };
  return transcript;
}

/** How many frames answer each move when nobody disturbs. */
async function countAnswers(how: How): Promise<number[]> {
  const { workspaceId, socket, init } = await open(how);
  await make(init, socket, workspaceId);
  const counts = [1];
  await socket.next();
  for (const move of CONVERSATION) {
    await make(move, socket, workspaceId);
    counts.push((await socket.drain()).length);
  }
  socket.close(1000);
  return counts;
}

async function open(how: How) {
  const workspaceId = crypto.randomUUID();
  const { headers, init } = HOWS[how](await gateway.token(workspaceId));
  const socket = await RawSocket.open(gateway.wsUrl, { headers });
  return { workspaceId, socket, init: { send: { type: "connection_init", ...init } } };
}

async function make(move: Move, socket: RawSocket, workspaceId: string): Promise<void> {
  if ("send" in move) socket.send(move.send);
  else await gateway.publish(move.publish(workspaceId));
}

/** Without what differs between two workspaces that do the same: of a position, its offset stays. */
function normalized(frame: Frame): Frame {
  return JSON.parse(JSON.stringify(frame), (key, value: unknown) => {
    if (key === "eventDate") return "some time";
    return key === "position" && typeof value === "string" ? (parsePosition(value)?.offset ?? value) : value;
  }) as Frame;
}

test.each(Object.keys(HOWS) as How[])(
  "an object that is evicted between any two frames says the same as one that never is, over sockets %s",
  async (how) => {
    const counts = await countAnswers(how);
    const undisturbed = await converse(how, counts, async () => undefined);
    const evicted = await converse(how, counts, (workspaceId) => gateway.evict(workspaceId));
    expect(evicted).toEqual(undisturbed);
    expect(undisturbed.close).toEqual({ code: 4409, reason: "Subscriber for all already exists" });
    expect(undisturbed.operations).toBe(4);
    expect(counts).toEqual([1, 1, 0, 1, 0, 1, 1, 3, 4, 0, 2, 1, 1, 0, 0, 1, 7, 0, 1, 1, 2, 0, 0, 0, 0, 1, 3]);
  },
);
