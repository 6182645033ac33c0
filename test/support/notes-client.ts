import { createClient } from "graphql-ws/client";
import { WebSocket } from "ws";

export interface NotesFilter {
  readonly workspaceId: string;
  readonly topics?: readonly string[];
  readonly matching?: string;
}

export interface Listening {
  readonly filter: NotesFilter;
  /** The texts of the notes that came, oldest first. */
  readonly heard: readonly string[];
  /** The topics of the probes that came, which `heard` leaves out. */
  readonly probes: readonly string[];
  /** Errors, and the end of it where nobody asked for one. */
  readonly troubles: readonly unknown[];
  stop(): void;
}

/** The text of notes that are added only to see whether they come. */
export const PROBE = "probe 0";

const ADDED = "query ($workspaceId: ID!) { added(workspaceId: $workspaceId) }";
const ADD = `mutation ($workspaceId: ID!, $topic: String, $text: String!) {
  addNote(workspaceId: $workspaceId, topic: $topic, text: $text) { topic text }
}`;
const LISTEN = `subscription ($workspaceId: ID!, $topics: [String!], $matching: String) {
  noteAdded(workspaceId: $workspaceId, topics: $topics, matching: $matching) { topic text }
}`;

/** A stock graphql-ws client of one server, which comes back soon after that was lost. */
export class NotesClient {
  readonly #client: ReturnType<typeof createClient>;

  constructor(url: string) {
    this.#client = createClient({
      url,
      webSocketImpl: WebSocket,
      retryAttempts: Number.POSITIVE_INFINITY,
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    });
  }

  /** How many notes were added at the server. */
  async added(workspaceId: string): Promise<unknown> {
    return (await this.ask(ADDED, { workspaceId })).data?.["added"];
  }

  /** @returns the note as the server gives it, when its engine has published it */
  async add(note: { workspaceId: string; topic?: string; text: string }): Promise<unknown> {
    return (await this.ask(ADD, note)).data?.["addNote"];
  }

  /** The one answer to a query or mutation. */
  async ask(query: string, variables: Record<string, unknown> = {}) {
    for await (const result of this.#client.iterate({ query, variables })) return result;
    throw new Error("There was no answer.");
  }

  /** Subscribes. Nothing tells when the engine of the server has done so too. */
  listen(filter: NotesFilter): Listening {
    const [heard, probes, troubles]: [string[], string[], unknown[]] = [[], [], []];
    let isStopped = false;
    const dispose = this.#client.subscribe<{ noteAdded: { topic: string; text: string } }>(
      { query: LISTEN, variables: { ...filter } },
      {
        next({ data, errors }) {
          if (errors !== undefined) troubles.push(errors);
          if (data == null) return;
          const { topic, text } = data.noteAdded;
          if (text === PROBE) probes.push(topic);
          else heard.push(text);
        },
        error: (thrown) => troubles.push(thrown),
        complete() {
          if (!isStopped) troubles.push("complete");
        },
      },
    );
    const stop = () => {
      isStopped = true;
      dispose();
    };
    return { filter, heard, probes, troubles, stop };
  }

  async close(): Promise<void> {
    await this.#client.dispose();
  }
}
