/** A thing that is billed by the month, of which the paid plan includes some. */
export interface Price {
  readonly what: string;
  /** In this unit. */
  readonly unit: string;
  /** Dollars for so many of them. */
  readonly dollars: number;
  readonly per: number;
  readonly included: number;
}

const MILLION = 1_000_000;

/** Dollars a month of the Workers Paid plan, whatever is used. */
export const PLAN_DOLLARS = 5;

/** Cloudflare's list, as its pages stood on 2026-11-24: developers.cloudflare.com/workers/platform/pricing and …/durable-objects/platform/pricing. */
export const PRICES = {
  edgeRequests: { what: "requests to the Worker", unit: "", dollars: 0.3, per: MILLION, included: 10 * MILLION },
  edgeCpuMs: { what: "CPU time of the Worker", unit: "ms", dollars: 0.02, per: MILLION, included: 30 * MILLION },
  requests: { what: "requests to objects", unit: "", dollars: 0.15, per: MILLION, included: MILLION },
  gbSeconds: { what: "time that objects are awake", unit: "GB-s", dollars: 12.5, per: MILLION, included: 400_000 },
  rowsRead: { what: "rows read", unit: "", dollars: 0.001, per: MILLION, included: 25_000 * MILLION },
  rowsWritten: { what: "rows written", unit: "", dollars: 1, per: MILLION, included: 50 * MILLION },
  storedGb: { what: "storage", unit: "GB", dollars: 0.2, per: 1, included: 5 },
} as const satisfies Record<string, Price>;

export type Priced = keyof typeof PRICES;

/**
 * One deployment of Redis and Node beside it: two DigitalOcean Droplets with 1 vCPU and 2 GB, $12 each (price list of
 * 2022-07-01), and Upstash's Redis with a fixed 1 GB, $20 (upstash.com/pricing/redis as of 2026-09-20).
 */
export const REDIS_AND_NODE_DOLLARS = 2 * 12 + 20;
