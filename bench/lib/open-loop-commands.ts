import type { ConnectOptions, PublishOptions } from "./load-commands.ts";

/** What the process that publishes at fixed times is asked to do, and what it answers. */
export interface OpenLoopCommands {
  /** Opens sockets in addition to those that are open, each for a user of its own. All get every event. */
  readonly connect: { readonly options: OpenLoopAudience; readonly answer: null };
  /** Publishes events at a steady rate, whatever has arrived, and waits for the last message. */
  readonly publish: { readonly options: SteadyPublish; readonly answer: SteadyDelivery };
}

export type OpenLoopAudience = Pick<
  ConnectOptions,
  "host" | "path" | "sockets" | "appSecret" | "workspaceId" | "subprotocol" | "tokenIn"
> & {
  /** The payload of `subscribe`. */
  readonly subscribe: object;
};

/** A call has one event. */
export interface SteadyPublish extends Pick<PublishOptions, "url" | "headers" | "body" | "isUnheard"> {
  readonly events: number;
  /** Events per second. */
  readonly rate: number;
  /** The first events, whose latencies are left out. */
  readonly leadIn?: number;
  /** Publishes no more once more messages than this took longer than so many milliseconds. */
  readonly until?: { readonly late: number; readonly afterMs: number };
}

export interface SteadyDelivery {
  /** Of every message: from when its event was due to be published until it was read, in milliseconds. */
  readonly latencies: readonly number[];
  /** How late the publisher itself was in the worst case, in milliseconds: it is in the latencies. */
  readonly behind: number;
  /** Messages. All that was published arrived, once, in the same order everywhere: otherwise the command fails. */
  readonly delivered: number;
  /** Whether more messages were late than `until` allows. */
  readonly isLate: boolean;
  /** The newest frame of the first socket. */
  readonly frame: string;
}
