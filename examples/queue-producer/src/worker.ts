/** A message as `POST /publish` takes it. */
type PublishedMessage = Readonly<Record<string, unknown>>;

/** The job that Twenty's queue abstraction makes of a message. */
interface PublishEntityEvents {
  readonly job: "PublishEntityEvents";
  readonly data: PublishedMessage;
  /** The idempotency key, where the message brings none. Without either, the id of the queue's message serves. */
  readonly id: string;
}

interface ProducerEnv {
  /** The gateway's queue, bound in wrangler.jsonc. */
  readonly EVENTS: Queue<PublishedMessage | PublishEntityEvents>;
}

/** `POST /messages` and `POST /jobs`, both with `{"messages":[…]}`: the two kinds of body that the gateway understands. */
export default {
  async fetch(request: Request, env: ProducerEnv): Promise<Response> {
    const { pathname } = new URL(request.url);
    const toBody = BODIES[pathname];
    if (request.method !== "POST" || toBody === undefined) {
      return new Response("Ask with POST /messages or POST /jobs\n", { status: 404 });
    }
    const { messages } = await request.json<{ messages: PublishedMessage[] }>();
    await env.EVENTS.sendBatch(messages.map((message) => ({ body: toBody(message) })));
    // Accepted, not published: what the gateway cannot take ends in the dead-letter queue with its reason.
    return Response.json({ queued: messages.length }, { status: 202 });
  },
};

const BODIES: Readonly<Record<string, (message: PublishedMessage) => PublishedMessage | PublishEntityEvents>> = {
  "/messages": (message) => message,
  "/jobs": (message) => ({ job: "PublishEntityEvents", data: message, id: crypto.randomUUID() }),
};
