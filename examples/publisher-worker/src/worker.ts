/** Twenty's `WorkspaceEventBatch`, as much of it as is used here. */
interface RecordEventBatch {
  /** Publishing the same id again changes nothing, so a failed call may be repeated. */
  readonly id: string;
  readonly name: `${string}.${"created" | "updated" | "deleted" | "destroyed" | "restored" | "upserted"}`;
  readonly workspaceId: string;
  readonly events: readonly {
    readonly recordId: string;
    readonly properties: {
      readonly updatedFields?: readonly string[];
      readonly before?: Readonly<Record<string, unknown>>;
      readonly after?: Readonly<Record<string, unknown>>;
    };
  }[];
}

/** What the gateway answers, in the order of the messages. */
interface PublishAnswer {
  readonly results: readonly {
    readonly id?: string;
    readonly position?: string;
    readonly duplicate?: boolean;
    readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  }[];
}

interface PublisherEnv {
  /** The entrypoint `Publisher` of the gateway, bound in wrangler.jsonc. */
  readonly GATEWAY: { publish(messages: readonly RecordEventBatch[]): Promise<PublishAnswer> };
}

/** `POST /people/:id` with `{"workspaceId": …, "before": {…}, "after": {…}}` changes a person and tells the gateway. */
export default {
  async fetch(request: Request, env: PublisherEnv): Promise<Response> {
    const [, personId] = /^\/people\/([\w-]+)$/.exec(new URL(request.url).pathname) ?? [];
    if (request.method !== "POST" || personId === undefined) {
      return new Response("Ask with POST /people/:id\n", { status: 404 });
    }
    const change = await readChange(request);
    if (change === undefined) {
      return new Response('The body must be {"workspaceId": …, "before": {…}, "after": {…}}\n', { status: 400 });
    }
    // An application would write to its database here; the event is told once that is done.
    const { results } = await env.GATEWAY.publish([batchOf(personId, change)]);
    const [result] = results;
    return Response.json(result, { status: result?.error === undefined ? 200 : 502 });
  },
};

interface Change {
  readonly workspaceId: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

async function readChange(request: Request): Promise<Change | undefined> {
  const body: unknown = await request.json().catch(() => undefined);
  if (!isObject(body)) return undefined;
  const { workspaceId, before, after } = body;
  return typeof workspaceId === "string" && isObject(before) && isObject(after)
    ? { workspaceId, before, after }
    : undefined;
}

function batchOf(id: string, { workspaceId, ...change }: Change): RecordEventBatch {
  const before = { ...change.before, id };
  const after = { ...before, ...change.after, id };
  return {
    id: crypto.randomUUID(),
    name: "person.updated",
    workspaceId,
    events: [{ recordId: id, properties: { updatedFields: Object.keys(change.after), before, after } }],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
