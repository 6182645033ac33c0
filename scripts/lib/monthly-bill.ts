import { LIMITS } from "../../src/core/limits.ts";
import { UNITS } from "./billed-counts.ts";
import { PLAN_DOLLARS, PRICES, type Price, type Priced } from "./price-list.ts";

/** What happens in a month. */
export interface Workload {
  readonly workspaces: number;
  /** Open at the same time, in each workspace. */
  readonly sockets: number;
  /** That they are open. */
  readonly hours: number;
  /** How often each is opened in an hour: pages are reloaded, computers sleep. */
  readonly connects: number;
  /** Publishes of one message in an hour, for each socket. Every one reaches every socket of its workspace. */
  readonly publishes: number;
  /** A token's life. */
  readonly tokenMinutes: number;
  /** Of a message in the log. */
  readonly messageBytes: number;
}

/** Eight hours on 22 days, and each user causes an event every ten minutes. */
export const WORKLOAD: Workload = {
  workspaces: 1,
  sockets: 10,
  hours: 176,
  connects: 0.5,
  publishes: 6,
  tokenMinutes: 30,
  messageBytes: 2000,
};

/** What cannot be counted on one machine, on the safe side of what was measured there. */
export const ASSUMED = {
  /** CPU of a request to the Worker, ms. */
  edgeCpuMs: 5,
  /** How long an object is awake for an event of any kind, until its rows are durable, ms. */
  awakeMs: 20,
  /** … and for each message that it delivers, ms. P1 of the benchmark measures 0.032. */
  awakeMsPerDelivery: 0.1,
  /** … and for each socket when it was hibernated, ms. */
  awakeMsPerSocketOnWake: 0.1,
} as const;

/** An object hibernates when nothing has happened for so long. */
const HIBERNATES_AFTER_SECONDS = 10;
/** What an object is billed for, whatever it uses. */
const OBJECT_GB = 0.128;
const FRAMES_PER_REQUEST = 20;

export type Quantities = Readonly<Record<Priced, number>>;

/** What a month is billed for. Where a count depends on what else happens, it is the most that it can be. */
export function quantitiesOf(workload: Workload): Quantities {
  const { workspaces, sockets, hours, tokenMinutes, messageBytes } = workload;
  const socketHours = sockets * hours;
  const connects = socketHours * workload.connects;
  const publishes = socketHours * workload.publishes;
  const refreshes = (socketHours * 60) / tokenMinutes;

  const { connect, connectFirst, close, refresh, publishTrimming, wake } = countsByUnit();
  const { idleWithoutPings, idleManyWithoutPings, initAlarm } = countsByUnit();
  const silenceAlarms = Math.min(sockets * idleWithoutPings.requests, idleManyWithoutPings.requests) * hours;
  const alarms = connects * initAlarm.requests + refreshes * refresh.requests + silenceAlarms;
  const answers = socketHours * idleWithoutPings.frames;
  const frames = connects * (connect.frames + close.frames) + refreshes * refresh.frames + answers;
  const events = connects + publishes + alarms + frames;
  // Events at random: the part of them that nothing came before for so long.
  const eventsPerSecond = events / (hours * 3600);
  const wakes = events * Math.exp(-HIBERNATES_AFTER_SECONDS * eventsPerSecond);

  const deliveries = publishes * sockets;
  const awakeMs =
    events * ASSUMED.awakeMs +
    deliveries * ASSUMED.awakeMsPerDelivery +
    wakes * sockets * ASSUMED.awakeMsPerSocketOnWake;
  const awakeSeconds = Math.min(awakeMs / 1000, hours * 3600);
  const edgeRequests = connects * connect.edgeRequests + publishes * publishTrimming.edgeRequests;
  const { LOG_MAX_EVENTS, LOG_MAX_AGE_SECONDS } = LIMITS;
  const recent = (publishes * LOG_MAX_AGE_SECONDS.default) / (hours * 3600);
  const logged = Math.min(publishes, Math.max(LOG_MAX_EVENTS.default, recent));
  const ofOne: Quantities = {
    edgeRequests,
    edgeCpuMs: edgeRequests * ASSUMED.edgeCpuMs,
    requests: connects * connect.requests + publishes * publishTrimming.requests + alarms + frames / FRAMES_PER_REQUEST,
    gbSeconds: awakeSeconds * OBJECT_GB,
    rowsRead: connects * connectFirst.rowsRead + publishes * publishTrimming.rowsRead + wakes * wake.rowsRead,
    rowsWritten: connects * connectFirst.rowsWritten + publishes * publishTrimming.rowsWritten + alarms,
    storedGb: (logged * messageBytes) / 1e9,
  };
  const all = Object.entries(ofOne).map(([name, quantity]) => [name, quantity * workspaces]);
  return Object.fromEntries(all) as Quantities;
}

/** @param included what the plan includes is not charged, or is used up by other things of the account */
export function dollarsFor(name: Priced, quantity: number, { included }: { readonly included: boolean }): number {
  const price: Price = PRICES[name];
  return (Math.max(0, quantity - (included ? price.included : 0)) / price.per) * price.dollars;
}

/** What the account pays for the month. */
export function billOf(quantities: Quantities, options: { readonly included: boolean }): number {
  const names = Object.keys(PRICES) as Priced[];
  return names.reduce((sum, name) => sum + dollarsFor(name, quantities[name], options), PLAN_DOLLARS);
}

function countsByUnit() {
  return Object.fromEntries(Object.entries(UNITS).map(([name, { counts }]) => [name, counts])) as {
    readonly [Name in keyof typeof UNITS]: (typeof UNITS)[Name]["counts"];
  };
}
