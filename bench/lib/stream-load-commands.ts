import type { Command, ConnectOptions } from "./load-commands.ts";

/** What the load process of event streams is asked to do, and what it answers. One command at a time. */
export interface StreamLoadCommands {
  /** Opens sockets in addition to those that are open, each for a user of its own with an event stream of its own. */
  readonly connect: Command<ConnectStreams, void>;
  /** Publishes one call after the other, each when the events of its predecessor have arrived everywhere. */
  readonly publish: Command<PublishToStreams, StreamDelivery>;
  /** The newest frame of every stream as a template, empty where none came: what the control is to send. */
  readonly frames: Command<null, readonly string[]>;
}

export interface ConnectStreams extends Pick<ConnectOptions, "host" | "path" | "appSecret" | "workspaceId"> {
  readonly sockets: number;
  /** How many streams there will be in all; what is open already counts. */
  readonly streams: number;
  /** Whether queries are added to the streams: the control knows none. */
  readonly addsQueries: boolean;
}

export interface PublishToStreams {
  readonly calls: number;
  readonly eventsPerCall: number;
  /** What the events of a call are of: persons of one group, as when many records are edited at once, or of one after the other. */
  readonly groups: "one" | "each";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What to send for each stream, where the server cannot know it; otherwise records are published. */
  readonly frames?: readonly string[];
}

export interface StreamDelivery {
  readonly events: number;
  /** Events, once for every stream that they matched. All arrived where they should, in order, or the command fails. */
  readonly matched: number;
  readonly seconds: number;
  /** Of every match: from just before the request to publish is written until its message is read, in milliseconds. */
  readonly latencies: readonly number[];
}
