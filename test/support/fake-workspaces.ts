import type { PublishOutcome, PublishRequest } from "../../src/core/pubsub/publish-request.ts";

/** Workspaces that remember what they took, answer as the object does, and fail when told to. */
export class FakeWorkspaces {
  /** Each call in the order of arrival. */
  readonly calls: { readonly workspaceId: string; readonly requests: readonly PublishRequest[] }[] = [];
  /** Workspaces whose next calls fail. */
  readonly failing = new Set<string>();
  readonly #taken = new Map<string, { readonly digest: string; readonly position: string }>();
  #events = 0;

  readonly workspaceOf = (workspaceId: string) => ({
    publish: async (requests: PublishRequest[]): Promise<PublishOutcome[]> => {
      this.calls.push({ workspaceId, requests });
      if (this.failing.has(workspaceId)) throw new Error("The object was reset.");
      return requests.map((request) => this.#take(workspaceId, request));
    },
  });

  get requests(): readonly PublishRequest[] {
    return this.calls.flatMap(({ requests }) => requests);
  }

  #take(workspaceId: string, { id, digest, events }: PublishRequest): PublishOutcome {
    const key = `${workspaceId} ${id}`;
    const before = this.#taken.get(key);
    if (before !== undefined && before.digest !== digest) {
      return { id, error: { code: "ID_REUSED", message: "This id belongs to another message.", retryable: false } };
    }
    if (before === undefined) this.#events += events;
    const position = before?.position ?? `p${this.#events}`;
    this.#taken.set(key, { digest, position });
    return { id, position, events, duplicate: before !== undefined };
  }
}
