/** A client of graphql-ws or graphql-sse, as far as a subscription to a topic goes. */
interface Subscribing {
  subscribe(
    request: { query: string; variables: Record<string, unknown> },
    sink: { next(result: { data?: unknown }): void; error(error: unknown): void; complete(): void },
  ): () => void;
}

export const QUERY = "subscription Events($topic: String) { event(topic: $topic) }";

/** What one subscription has received. */
export class Followed {
  readonly events: unknown[] = [];
  readonly errors: unknown[] = [];
  isComplete = false;
  dispose: () => void = () => undefined;

  take(result: { data?: unknown }): void {
    this.events.push((result.data as { event: unknown } | null | undefined)?.event);
  }
}

export function follow(client: Subscribing, topic = "a", query = QUERY): Followed {
  const followed = new Followed();
  followed.dispose = client.subscribe(
    { query, variables: { topic } },
    {
      next: (result) => followed.take(result),
      error: (error) => followed.errors.push(error),
      complete: () => {
        followed.isComplete = true;
      },
    },
  );
  return followed;
}

/** The numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
