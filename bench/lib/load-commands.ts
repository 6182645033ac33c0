/** What the load process is asked to do, and what it answers. One command at a time. */
export interface LoadCommands {
  /** Opens sockets in addition to those that are open, each for a user of its own. */
  readonly connect: Command<ConnectOptions, void>;
  /** Publishes one call after the other, each when the events of its predecessor have arrived everywhere. */
  readonly publish: Command<PublishOptions, Delivery>;
  /** Summarises the latencies since the last time. */
  readonly latency: Command<null, LatencyMs>;
}

export interface Command<Options, Answer> {
  readonly options: Options;
  readonly answer: Answer;
}

export interface ConnectOptions {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly path: string;
  readonly sockets: number;
  /** Signs the tokens. */
  readonly appSecret: string;
  readonly workspaceId: string;
  /** Where the token goes: an item of the subprotocol header, or `authorization` in the payload of `connection_init`. */
  readonly tokenIn: "subprotocol" | "connectionParams";
  readonly subprotocol: string;
  /** Payloads of `subscribe` messages, templates for `fillIn`; watcher after watcher takes the next one. */
  readonly subscribe: readonly object[];
  readonly subscriptionsPerSocket: number;
  /** Who gets an event: everybody, or the watcher whose record it is of. */
  readonly receivers: "all" | "watcher";
  /** How many watchers there will be in all; what is open already counts. */
  readonly watchers: number;
}

export interface PublishOptions {
  readonly calls: number;
  readonly eventsPerCall: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A template for `fillIn`. */
  readonly body: string;
}

export interface Delivery {
  readonly events: number;
  /** Messages. All that was published arrived where it should, in order: otherwise the command fails. */
  readonly delivered: number;
  readonly seconds: number;
  /** The newest frame that the first socket received. */
  readonly frame: string;
}

/** From just before the request to publish is written until a message is read, over every message of every socket. */
export interface LatencyMs {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export type CommandName = keyof LoadCommands;

export interface CommandRequest<Name extends CommandName = CommandName> {
  readonly name: Name;
  readonly options: LoadCommands[Name]["options"];
}

export type CommandAnswer = { readonly value: unknown } | { readonly error: string };
