import { v5 as uuidv5 } from "uuid";
import { catalogue } from "../schema/index.ts";
import { serverCatalogueIn } from "../schema/server-catalogue.ts";
import { sharedVerifier } from "../src/auth/shared-verifier.ts";
import { Permissions } from "../src/core/permissions/permissions.ts";
import type { Principal } from "../src/core/principal.ts";
import type { Settings } from "../src/core/settings.ts";
import { EventStreams } from "../src/core/streams/event-streams.ts";
import type { AlarmClock } from "./alarm-clock.ts";
import { clearAway } from "./clear-away.ts";
import { Connections } from "./connections.ts";
import { Sockets } from "./sockets.ts";
import { SseConnections } from "./sse-connections.ts";
import type { WorkspaceStorage } from "./storage/workspace-storage.ts";
import { Subscriptions } from "./subscriptions.ts";
import { UnreadBytes } from "./unread-bytes.ts";
import type { WorkspaceLog } from "./workspace-log.ts";

/** What is only in memory of a workspace, built again at every wake. */
export interface AwakeWorkspace {
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  readonly sockets: Sockets;
  readonly sseConnections: SseConnections;
  readonly streams: EventStreams;
  readonly permissions: Permissions;
  readonly unread: UnreadBytes;
}

/** What it is built from. */
export interface WakeContext {
  readonly ctx: DurableObjectState;
  readonly workspaceId: string;
  readonly settings: Settings;
  /** Of the gateway, as the platform names it. */
  readonly version: string | undefined;
  /** Whether what wakes the object is for some sockets only. */
  readonly letsSleep: boolean;
  readonly alarm: AlarmClock;
  readonly log: WorkspaceLog;
  /** Undefined for a workspace that nothing was written of. */
  readonly stored: WorkspaceStorage | undefined;
  /** Opens the storage, where something is to be written. */
  readonly storage: () => WorkspaceStorage;
  readonly isRefused: (principal: Principal) => boolean;
}

/** Builds it from the platform's list of sockets, their attachments, and SQLite. Sends nothing that waits in the log yet. */
export function wakeWorkspace(context: WakeContext): AwakeWorkspace {
  const { ctx, workspaceId, settings, version, letsSleep, alarm, log, stored, storage, isRefused } = context;
  const { limits } = settings;
  const connections = new Connections({ ctx, operations: () => storage().operations, version, letsSleep });
  // Whoever has operations there does not sleep.
  const ids = new Set(Array.from(connections.awake(), ({ state }) => state.id));
  clearAway(workspaceId, () => stored?.operations.keepOnly(ids));
  const unread = new UnreadBytes(limits);
  const streams = new EventStreams({
    limits,
    stored: stored?.streams.load() ?? { streams: [], queries: [] },
    store: () => storage().streams,
    head: stored?.log.head ?? 0,
    channelIdOf: (id) => uuidv5(id, uuidv5.DNS),
    keptBesides: (identity) => ({ ofCaller: connections.keptBytesOf(identity), ofAll: connections.keptBytes }),
  });
  const permissions = new Permissions({
    workspaceId,
    limits,
    stored: stored?.permissions,
    store: () => storage().permissions,
    isOpen: settings.permissions === "open",
  });
  const subscriptions: Subscriptions = new Subscriptions({
    ...{ connections, limits, streams, unread, log },
    catalogues: {
      client: { ...catalogue, hasUpstream: settings.upstreamGraphqlUrl !== undefined },
      server: serverCatalogueIn(workspaceId),
    },
    viewerOf: (caller) => permissions.viewerOf(caller),
    schedule: (connection) => sockets.schedule(connection),
    wakeBy: (at) => alarm.wakeBy(at),
  });
  const sockets = new Sockets({
    ...{ ctx, connections, subscriptions, unread, limits, alarm, isRefused },
    verifier: sharedVerifier(settings),
  });
  const sseConnections = new SseConnections(connections, sockets);
  return { connections, subscriptions, sockets, sseConnections, streams, permissions, unread };
}
