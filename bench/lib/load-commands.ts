/** What the load process is asked to do, and what it answers. One command at a time. */
export interface LoadCommands {
  /** Opens sockets in addition to those that are open, each for a user of its own. */
  readonly connect: Command<ConnectOptions, void>;
  /** Publishes one call after the other, each when the events of its predecessor have arrived everywhere. */
  readonly publish: Command<PublishOptions, Delivery>;
  /** Summarises the latencies since the last time. */
  readonly latency: Command<null, LatencyMs>;
  /** Has all open sockets do nothing but ask now and then whether the server is there; fails unless each is answered. */
  readonly idle: Command<IdleOptions, void>;
  /** Signs the tokens of users who arrive next. */
  readonly sign: Command<SignOptions, void>;
  /** Opens a socket with each of those tokens, and subscribes on it. */
  readonly arrive: Command<ArriveOptions, Arrival>;
  /** Closes the sockets of all who arrived. */
  readonly depart: Command<null, void>;
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
  /** Whether the ids of operations are numbers, counted on each socket; otherwise each is a UUID. */
  readonly areNumbered?: boolean;
  /** Who gets an event: everybody, or the watcher whose record it is of. */
  readonly receivers: "all" | "watcher";
  /** How many watchers there will be in all; what is open already counts. */
  readonly watchers: number;
}

export interface IdleOptions {
  readonly seconds: number;
  /** Between two pings of a socket; those of all are spread evenly over it. */
  readonly pingEverySeconds: number;
}

export interface SignOptions extends Pick<ConnectOptions, "appSecret" | "workspaceId"> {
  readonly count: number;
}

export interface ArriveOptions extends Pick<ConnectOptions, "host" | "path" | "tokenIn" | "subprotocol"> {
  /** The payload of the `subscribe` message. */
  readonly subscribe: object;
  /** How many are on their way at a time; the next one sets off when one of them has subscribed. */
  readonly atOnce: number;
}

export interface Arrival {
  /** From the first connect until all have subscribed. */
  readonly seconds: number;
  /** Of each of them: from its connect until it was answered that its subscription runs. */
  readonly milliseconds: readonly number[];
}

export interface PublishOptions {
  readonly calls: number;
  readonly eventsPerCall: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A template for `fillIn`. */
  readonly body: string;
  /** Whether nobody gets the events; otherwise whoever the audience says. */
  readonly isUnheard?: boolean;
}

export interface Delivery {
  readonly events: number;
  /** Messages. All that was published arrived where it should, in order: otherwise the command fails. */
  readonly delivered: number;
  readonly seconds: number;
  /** The newest frame that the first socket received, or the first one that any did. */
  readonly frame: string;
}

/** From just before the request to publish is written until a message is read, over every message of every socket. */
export interface LatencyMs {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}
