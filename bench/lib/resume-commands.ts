/** What the process with the sockets that come back is asked to do, and what it answers. */
export interface ResumeCommands {
  /** Opens all sockets, and subscribes on each. Answers when all are live. */
  readonly connect: { readonly options: ResumeOptions; readonly answer: Resumed };
  /** Ends all connections, and tells the server nothing of it. */
  readonly drop: { readonly options: null; readonly answer: null };
}

export interface ResumeOptions {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly sockets: number;
  /** Signs the tokens. */
  readonly appSecret: string;
  readonly workspaceId: string;
  /** The payload of `subscribe`, a template for `fillIn`. */
  readonly subscribe: object;
  /** How many different records are watched; socket after socket takes the next one. */
  readonly records: number;
  /** Positions to go on from; so many sockets as there are records take one, the next ones the next. Empty: from now. */
  readonly after: readonly string[];
  /** Numbers of the events that were missed, each of which one record's watchers are to get. */
  readonly missed: { readonly first: number; readonly count: number };
}

export interface Resumed {
  /** From the first connection until so many sockets had all that they missed, and were live. */
  readonly secondsUntil: { readonly half: number; readonly most: number; readonly all: number };
  /** Messages. All that was missed came, once and in order: otherwise the command fails. */
  readonly messages: number;
}

/** `most` of them. */
export const MOST = 0.99;
