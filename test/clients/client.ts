/** Where a client finds the gateway, and its tokens. */
export interface Connection {
  /** `http://127.0.0.1:<port>/graphql` */
  readonly url: string;
  readonly wsUrl: string;
  /** Asked for each time that the client connects. */
  readonly token: () => Promise<string>;
}

/** What a subscription tells, in the client's own shapes. */
export interface Observer {
  /** A result, with errors under `error` or `errors` where the client tells them so. */
  next(result: { readonly data?: unknown; readonly error?: unknown; readonly errors?: unknown }): void;
  error(error: unknown): void;
  complete(): void;
}

export interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

export type Unsubscribe = () => unknown;

/** A client as an application has set it up. */
export interface OpenClient {
  /** @returns what ends the subscription */
  subscribe(operation: Operation, observer: Observer): Unsubscribe | Promise<Unsubscribe>;
  close(): unknown;
}

/** A client that nobody has changed, and how an application sets it up. */
export interface Client {
  readonly name: string;
  /** What it is made of: folders in node_modules. A program of the machine has none. */
  readonly packages: readonly string[];
  readonly transport: string;
  /** Where it puts the token. */
  readonly token: string;
  /** Whether it connects again by itself. */
  readonly reconnects: boolean;
  readonly open: (connection: Connection) => OpenClient | Promise<OpenClient>;
}

/** A second to wait would only make tests slow. */
export const RETRY_WAIT_MS = 50;

export async function bearer({ token }: Connection): Promise<string> {
  return `Bearer ${await token()}`;
}
