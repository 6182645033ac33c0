import { v5 as uuidv5 } from "uuid";
import type { JsonObject } from "../../src/core/json.ts";
import { type Caller, connectRedis } from "./serve.ts";

/** An event stream as it stands in Redis, as JSON. */
export interface StoredStream {
  readonly authContext: Pick<Caller, "userId" | "userWorkspaceId" | "workspaceMemberId">;
  readonly workspaceId: string;
  readonly queries: Readonly<Record<string, OperationSignature>>;
  readonly createdAt: number;
}

export interface OperationSignature {
  readonly objectNameSingular: string;
  readonly variables: { readonly filter?: JsonObject };
}

const TTL_MS = 30 * 60 * 1000;
const LOCK_MS = 5_000;
const LOCK_WAIT_MS = 5;

const redis = connectRedis();

export function channelIdOf(eventStreamId: string): string {
  return uuidv5(eventStreamId, uuidv5.DNS);
}

export async function createStream(caller: Caller, channelId: string): Promise<void> {
  const { workspaceId, userId, userWorkspaceId, workspaceMemberId } = caller;
  const authContext = { userId, userWorkspaceId, workspaceMemberId };
  await put(channelId, { authContext, workspaceId, queries: {}, createdAt: Date.now() });
  await redis.sadd(activeStreamsKey(workspaceId), channelId);
  await redis.pexpire(activeStreamsKey(workspaceId), TTL_MS);
}

/** Reads, changes and writes a stream under its lock; false where there is none, or it is another's. */
export async function addQuery(
  { workspaceId, userWorkspaceId }: Caller,
  channelId: string,
  queryId: string,
  signature: OperationSignature,
): Promise<boolean> {
  const lock = `lock:${channelId}`;
  while ((await redis.set(lock, "1", "PX", LOCK_MS, "NX")) === null)
    await new Promise((go) => setTimeout(go, LOCK_WAIT_MS));
  try {
    const stream = parseStream(await redis.get(streamKey(workspaceId, channelId)));
    if (stream?.authContext.userWorkspaceId !== userWorkspaceId) return false;
    await put(channelId, { ...stream, queries: { ...stream.queries, [queryId]: signature } });
    return true;
  } finally {
    await redis.del(lock);
  }
}

/** All streams of a workspace by their channels, read anew. */
export async function activeStreams(workspaceId: string): Promise<readonly (readonly [string, StoredStream])[]> {
  const channelIds = await redis.smembers(activeStreamsKey(workspaceId));
  if (channelIds.length === 0) return [];
  const texts = await redis.mget(channelIds.map((channelId) => streamKey(workspaceId, channelId)));
  return channelIds.flatMap((channelId, i) => {
    const stream = parseStream(texts[i] ?? null);
    return stream === undefined ? [] : [[channelId, stream] as const];
  });
}

async function put(channelId: string, stream: StoredStream): Promise<void> {
  await redis.set(streamKey(stream.workspaceId, channelId), JSON.stringify(stream), "PX", TTL_MS);
}

function parseStream(text: string | null): StoredStream | undefined {
  return text === null ? undefined : (JSON.parse(text) as StoredStream);
}

function streamKey(workspaceId: string, channelId: string): string {
  return `engine:subscriptions:eventStream:${workspaceId}:${channelId}`;
}

function activeStreamsKey(workspaceId: string): string {
  return `engine:subscriptions:workspace:${workspaceId}:activeStreams`;
}
