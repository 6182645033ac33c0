/** The process that makes the load of event streams: all subscribers of one server, and its publisher. */
import { deriveUuid, signToken } from "../../scripts/lib/sign-token.ts";
import { serveCommands } from "./command-process.ts";
import {
  groupOfStream,
  groupsOf,
  personsBody,
  queryPayloads,
  STREAM_DOCUMENT,
  STREAMS_PER_GROUP,
  streamId,
} from "./crm-streams.ts";
import { Flights } from "./flights.ts";
import { HttpConnections } from "./http-connections.ts";
import { LoadSocket } from "./load-socket.ts";
import { openEventStream, subscribeToAll } from "./opening.ts";
import { fillIn, templateFrom } from "./sequence.ts";
import type { ConnectStreams, PublishToStreams, StreamDelivery, StreamLoadCommands } from "./stream-load-commands.ts";

const OPENING_AT_ONCE = 16;
const TOKEN_LIFE_SECONDS = 3600;

const sockets: LoadSocket[] = [];
/** The newest frame of each stream since they were asked for. */
const newest: Buffer[] = [];
const connections = new HttpConnections();
let streams = 0;
let opened = 0;
let published = 0;
let calls = 0;
const flights = new Flights();
const fail = (error: Error) => flights.fail(error);
/** Whose persons change by the call that is on its way, event by event. */
let groups: readonly number[] = [];

serveCommands<StreamLoadCommands>({ connect, publish, frames });

async function connect(options: ConnectStreams): Promise<void> {
  streams = options.streams;
  const until = opened + options.sockets;
  const openSome = async () => {
    while (opened < until) sockets.push(await openSocket(opened++, options));
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
}

async function openSocket(stream: number, options: ConnectStreams): Promise<LoadSocket> {
  const { appSecret, workspaceId, addsQueries } = options;
  const userId = await deriveUuid("bench", String(stream));
  const token = await signToken({ appSecret, workspaceId, userId, expiresInSeconds: TOKEN_LIFE_SECONDS });
  const variables = { eventStreamId: streamId(stream) };
  const subscription = JSON.stringify({ query: STREAM_DOCUMENT, variables });
  const queries = queryPayloads(stream, streams).map((payload) => JSON.stringify(payload));
  const opening = addsQueries ? openEventStream(subscription, queries) : subscribeToAll([subscription]);
  const conversation = {
    ...options,
    token,
    opening,
    tokenIn: "subprotocol",
    subprotocol: "graphql-transport-ws",
  } as const;
  let last = 0;
  return LoadSocket.open(conversation, {
    onFrame: (bytes, start, end) => keepFrame(stream, bytes.subarray(start, end)),
    onMessage: (sequence) => {
      receive(stream, last, sequence);
      last = sequence;
    },
    onFailure: fail,
  });
}

/** The frames of a call are all of one size, so that one that holds something else is seen. */
function keepFrame(stream: number, frame: Buffer): void {
  const kept = newest[stream];
  if (kept?.length === frame.length) frame.copy(kept);
  else newest[stream] = Buffer.from(frame);
}

function receive(stream: number, last: number, sequence: number): void {
  if (!flights.receive(sequence)) return;
  const { first = 0 } = flights.numbers ?? {};
  const isNext = sequence > last && groups[sequence - first] === groupOfStream(stream, streams);
  if (isNext) flights.land();
  else fail(new Error(`Event ${sequence} came to stream ${stream} after event ${last}.`));
}

async function publish(options: PublishToStreams): Promise<StreamDelivery> {
  flights.latencies = [];
  const startedAt = performance.now();
  for (let call = 0; call < options.calls; call++) await publishOnce(options);
  const seconds = (performance.now() - startedAt) / 1000;
  const events = options.calls * options.eventsPerCall;
  return { events, matched: events * STREAMS_PER_GROUP, seconds, latencies: flights.latencies };
}

async function publishOnce(options: PublishToStreams): Promise<void> {
  const { url, headers, frames: given, eventsPerCall } = options;
  const first = published + 1;
  groups = groupsOfCall(options, first);
  published += eventsPerCall;
  calls++;
  const body = given === undefined ? personsBody(first, groups) : framesBody(first, groups, given);
  const messages = eventsPerCall * STREAMS_PER_GROUP;
  await flights.fly({ first, last: published }, messages, () => connections.post(url, headers, body));
}

/** Of one group at a time, only the first few are ever: the control is to know the frames of all. */
const GROUPS_EDITED = 4;

function groupsOfCall({ groups, eventsPerCall }: PublishToStreams, first: number): number[] {
  const groupOf = (i: number) => (groups === "one" ? calls % GROUPS_EDITED : (first - 1 + i) % groupsOf(streams));
  return Array.from({ length: eventsPerCall }, (_, i) => groupOf(i));
}

/** For the control: a line with the id and the frame of every stream that an event matches. */
function framesBody(first: number, groups: readonly number[], templates: readonly string[]): string {
  const lines = [...new Set(groups)].flatMap((group) =>
    Array.from({ length: STREAMS_PER_GROUP }, (_, seat) => {
      const stream = group + seat * groupsOf(streams);
      return `${streamId(stream)} ${fillIn(templates[stream] ?? "", first + groups.indexOf(group), 1)}`;
    }),
  );
  return lines.join("\n");
}

async function frames(): Promise<readonly string[]> {
  const templates = Array.from({ length: streams }, (_, stream) => templateFrom(newest[stream]?.toString() ?? ""));
  newest.length = 0;
  return templates;
}
