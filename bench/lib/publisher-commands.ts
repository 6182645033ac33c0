import type { PublishOptions } from "./load-commands.ts";

/** What a process that only publishes is asked to do, and what it answers. */
export interface PublisherCommands {
  readonly publish: { readonly options: PublishMany; readonly answer: Published };
}

export interface PublishMany extends Omit<PublishOptions, "isUnheard"> {
  /** Calls that are on their way at the same time. */
  readonly atOnce: number;
}

export interface Published {
  /** All calls were answered 200: otherwise the command fails. */
  readonly calls: number;
  readonly seconds: number;
}
