/** What Cloudflare puts on a bill, as counts. Outgoing frames are not among it: they are free. */
export interface BilledCounts {
  /** Requests to the Worker. */
  readonly edgeRequests: number;
  /** Requests to the object: upgrades, calls and alarms. */
  readonly requests: number;
  /** Frames and closes of clients that reach the object. 20 of them are billed as one request. */
  readonly frames: number;
  /** Rows that statements read. */
  readonly rowsRead: number;
  /** Rows that statements write, those of indexes included, and one for each time that the alarm is set. */
  readonly rowsWritten: number;
  /** How often the object had to be built first. Not billed by itself: it takes time. */
  readonly wakes: number;
}

/** A piece of work with what it is billed for. */
export interface BilledUnit {
  readonly what: string;
  readonly counts: BilledCounts;
}

function unit(what: string, counts: Partial<BilledCounts>): BilledUnit {
  return { what, counts: { ...NOTHING, ...counts } };
}

export const NOTHING: BilledCounts = {
  edgeRequests: 0,
  requests: 0,
  frames: 0,
  rowsRead: 0,
  rowsWritten: 0,
  wakes: 0,
};

/** What the gateway does, counted. test/object/cost.test.ts measures each, docs/cost.md shows them in this order. */
export const UNITS = {
  connect: unit("A socket is opened, initialised and subscribed", {
    ...{ edgeRequests: 1, requests: 1, frames: 2, rowsRead: 1 },
  }),
  connectRelayed: unit("… with its token in `connection_init`", {
    ...{ edgeRequests: 1, requests: 1, frames: 2, rowsRead: 1 },
  }),
  connectFirst: unit("… the first of a workspace, which sets the alarm", {
    ...{ edgeRequests: 1, requests: 1, frames: 2, rowsRead: 2, rowsWritten: 1, wakes: 1 },
  }),
  spill: unit("A subscription is started that does not fit its socket's attachment", { frames: 1, rowsWritten: 1 }),
  initAlarm: unit("The alarm that looks for sockets without `connection_init`", { requests: 1, rowsWritten: 1 }),
  close: unit("A socket is closed", { frames: 1 }),
  resume: unit("A socket is opened and resumes, 10 messages behind", {
    ...{ edgeRequests: 1, requests: 1, frames: 2, rowsRead: 11 },
  }),
  refresh: unit("A token is warned of and refreshed", { requests: 2, frames: 1, rowsWritten: 2 }),
  publishFirst: unit("The first message of a workspace is published: its tables are made", {
    ...{ edgeRequests: 1, requests: 1, rowsRead: 9, rowsWritten: 9 },
  }),
  publish: unit("A message with 1 event is published and reaches 1 socket", {
    ...{ edgeRequests: 1, requests: 1, rowsRead: 1, rowsWritten: 2 },
  }),
  publishToMany: unit("… reaches 20 sockets", { edgeRequests: 1, requests: 1, rowsRead: 1, rowsWritten: 2 }),
  publishEvents: unit("… has 50 events", { edgeRequests: 1, requests: 1, rowsRead: 1, rowsWritten: 2 }),
  publishMessages: unit("50 messages are published in one call", {
    ...{ edgeRequests: 1, requests: 1, rowsRead: 50, rowsWritten: 100 },
  }),
  publishTrimming: unit("A message is published, and an old one leaves the log", {
    ...{ edgeRequests: 1, requests: 1, rowsRead: 5, rowsWritten: 3 },
  }),
  wake: unit("Any of these finds the object hibernated: so much more", { rowsRead: 43, wakes: 1 }),
  pings: unit("An hour of keep-alive pings, one every 10 s", {}),
  idleWithPings: unit("An hour in which nothing happens, with 1 or 20 sockets that ping", {
    ...{ requests: 6, rowsRead: 234, rowsWritten: 6, wakes: 6 },
  }),
  idleWithoutPings: unit("… with 1 socket that does not", {
    ...{ requests: 12, frames: 6, rowsRead: 468, rowsWritten: 12, wakes: 12 },
  }),
  idleManyWithoutPings: unit("… with 20 sockets that do not, which came at different times", {
    ...{ requests: 60, frames: 116, rowsRead: 2340, rowsWritten: 60, wakes: 60 },
  }),
  httpQuery: unit("A GraphQL query over HTTP", { edgeRequests: 1, requests: 1 }),
  stream: unit("An event stream is made, over an open socket", { frames: 1, rowsWritten: 1 }),
  streamQuery: unit("A query is added to it over the socket", { frames: 1, rowsWritten: 2 }),
  streamQueryOverHttp: unit("… over HTTP", { edgeRequests: 1, requests: 2, rowsRead: 1, rowsWritten: 2 }),
} as const satisfies Record<string, BilledUnit>;

export type UnitName = keyof typeof UNITS;
