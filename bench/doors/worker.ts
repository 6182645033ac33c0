/**
 * A Worker beside the gateway's, in the same process, that publishes by the doors for Workers. `POST /queue` hands the
 * messages to the gateway's consumer as one batch, as a queue would; `POST /binding` calls its `Publisher`. The body is
 * that of a publish over HTTP. It answers 200 once everything is taken.
 */
import type { Crypto, Request, Response as WorkersResponse } from "@cloudflare/workers-types";

// Workers code in a project that is type-checked with Node's globals.
declare const Response: typeof WorkersResponse;
declare const crypto: Crypto;

interface DoorsEnv {
  readonly CONSUMER: { queue(name: string, messages: readonly QueueMessage[]): Promise<QueueOutcome> };
  readonly PUBLISHER: { publish(messages: readonly object[]): Promise<{ readonly results: readonly object[] }> };
}

interface QueueMessage {
  readonly id: string;
  readonly timestamp: Date;
  readonly attempts: number;
  readonly body: object;
}

interface QueueOutcome {
  readonly outcome: string;
  readonly explicitAcks: readonly string[];
}

export default {
  async fetch(request: Request, env: DoorsEnv): Promise<WorkersResponse> {
    const { messages } = (await request.json()) as { readonly messages: readonly object[] };
    const taken = request.url.endsWith("/queue") ? await enqueue(messages, env) : await call(messages, env);
    if (taken === messages.length) return new Response("taken");
    return new Response(`${taken} of ${messages.length} were taken.`, { status: 500 });
  },
};

async function enqueue(messages: readonly object[], { CONSUMER }: DoorsEnv): Promise<number> {
  const batch = messages.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body }));
  const { explicitAcks } = await CONSUMER.queue("sluice-events", batch);
  return explicitAcks.length;
}

async function call(messages: readonly object[], { PUBLISHER }: DoorsEnv): Promise<number> {
  const { results } = await PUBLISHER.publish(messages);
  return results.filter((result) => !("error" in result)).length;
}
