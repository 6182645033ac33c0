/** What the load process is asked to do, and what it answers. One command at a time. */
export interface LoadCommands {
  /** Opens sockets in addition to those that are open, each for a user of its own. */
  readonly connect: Command<ConnectOptions, void>;
  /** Publishes events one by one, each when its predecessor has arrived everywhere. */
  readonly publish: Command<PublishOptions, Delivery>;
  /** Summarises the latencies since the last time. */
  readonly latency: Command<null, LatencyMs>;
}

interface Command<Options, Answer> {
  readonly options: Options;
  readonly answer: Answer;
}

export interface ConnectOptions {
  readonly host: string;
  readonly path: string;
  readonly sockets: number;
  /** Signs the tokens. */
  readonly appSecret: string;
  readonly workspaceId: string;
  readonly subscribe: object;
}

export interface PublishOptions {
  readonly events: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** With the placeholder of the sequence number in it. */
  readonly body: string;
}

export interface Delivery {
  /** All that was published arrived everywhere, in order: otherwise the command fails. */
  readonly delivered: number;
  readonly seconds: number;
  /** The newest message that the first socket received. */
  readonly message: string;
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
