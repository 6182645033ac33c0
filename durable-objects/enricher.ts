import { type BreakerState, CircuitBreaker } from "../src/core/circuit-breaker.ts";
import { messageOf } from "../src/core/errors.ts";
import { isJsonTooDeep } from "../src/core/json.ts";
import type { Limits } from "../src/core/limits.ts";
import type { Message, RecordMessage } from "../src/core/pubsub/message.ts";
import type { PublishRequest } from "../src/core/pubsub/publish-request.ts";
import type { SecretFields } from "../src/core/pubsub/secret-fields.ts";
import { type RelatedByField, readRelatedRecords } from "../src/core/streams/related-records.ts";
import { isLargerThan } from "../src/core/text-size.ts";

/** What the service behind the binding `ENRICHER` offers: the records that those of a message are related to. */
export interface EnricherService {
  /**
   * @param events record events of one object, each with `action` and `objectNameSingular`
   * @returns `{field: {objectNameSingular, records}}` for the fields that are relations
   */
  enrich(workspaceId: string, events: readonly object[]): Promise<unknown>;
}

export interface EnricherContext {
  readonly service: EnricherService;
  readonly workspaceId: string;
  readonly limits: Limits;
  readonly secretFields: SecretFields;
  /** Whether any event stream has a query on an object: nobody else would see the relations. */
  readonly isWanted: (objectNameSingular: string) => boolean;
}

/** One call of a publisher, and how the service did. */
interface Call {
  /** Ends when the service is late. */
  readonly late: Promise<undefined>;
  wasAsked: boolean;
  hasFailed: boolean;
}

/**
 * Adds related records to messages before they are written, so that a replay equals what was live. A service that is
 * late or fails changes nothing: messages go out as they were published, and after some failures without being held.
 */
export class Enricher {
  readonly #context: EnricherContext;
  readonly #breaker: CircuitBreaker;
  /**
   * The end of the call before this one, and nothing of what was in it. Calls are written in the order in which they
   * came, however long each one waits, and whatever became of those before.
   */
  #before: Promise<void> = Promise.resolve();

  constructor(context: EnricherContext) {
    const { MAX_ENRICH_FAILURES, ENRICH_REST_SECONDS } = context.limits;
    this.#context = context;
    this.#breaker = new CircuitBreaker(MAX_ENRICH_FAILURES, ENRICH_REST_SECONDS * 1000);
  }

  /** How the service does, for whoever inspects a workspace. */
  get state(): BreakerState {
    return this.#breaker.state(Date.now());
  }

  async enrich(requests: readonly PublishRequest[]): Promise<PublishRequest[]> {
    const enriched = this.#enrichAll(requests);
    this.#before = Promise.allSettled([enriched, this.#before]).then(() => undefined);
    await this.#before;
    return enriched;
  }

  /** One deadline for all messages of a call. */
  async #enrichAll(requests: readonly PublishRequest[]): Promise<PublishRequest[]> {
    if (this.#breaker.isOpen(Date.now())) return [...requests];
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), this.#context.limits.ENRICH_TIMEOUT_MS);
    const call: Call = { late, wasAsked: false, hasFailed: false };
    try {
      return await Promise.all(requests.map((request) => this.#enrichOne(request, call)));
    } finally {
      clearTimeout(timer);
      if (call.wasAsked) this.#note(call);
    }
  }

  #note({ hasFailed }: Call): void {
    if (!hasFailed) return this.#breaker.succeed();
    if (!this.#breaker.fail(Date.now())) return;
    const { workspaceId } = this.#context;
    console.warn({ message: "The enricher is not asked for a while", workspaceId, ...this.#breaker.state(Date.now()) });
  }

  async #enrichOne(request: PublishRequest, call: Call): Promise<PublishRequest> {
    const message = JSON.parse(request.body) as Message;
    if (message.kind !== "record" || !this.#context.isWanted(message.objectNameSingular)) return request;
    try {
      return { ...request, body: this.#bodyOf(message, await this.#ask(message, call)) };
    } catch (thrown) {
      const { workspaceId } = this.#context;
      console.warn({ message: "A message could not be enriched", workspaceId, error: messageOf(thrown) });
      return request;
    }
  }

  /** What goes to the log. What nobody may publish does not get there by this door either. */
  #bodyOf(message: RecordMessage, related: RelatedByField): string {
    const { MAX_JSON_DEPTH, MAX_ENRICHED_BYTES } = this.#context.limits;
    if (isJsonTooDeep(JSON.stringify(related), MAX_JSON_DEPTH)) {
      throw new Error("It nested deeper than a message may (MAX_JSON_DEPTH).");
    }
    const body = JSON.stringify({ ...message, related });
    if (isLargerThan(body, MAX_ENRICHED_BYTES)) {
      throw new Error("It added more than a message may have (MAX_ENRICHED_BYTES).");
    }
    return body;
  }

  async #ask({ objectNameSingular, action, events }: RecordMessage, call: Call): Promise<RelatedByField> {
    const { service, workspaceId, secretFields } = this.#context;
    const asked = events.map((event) => ({ action, objectNameSingular, ...event }));
    call.wasAsked = true;
    try {
      const answer = await Promise.race([service.enrich(workspaceId, asked).then((value) => ({ value })), call.late]);
      if (answer === undefined) throw new Error("It did not answer in time (ENRICH_TIMEOUT_MS).");
      return readRelatedRecords(answer.value, secretFields);
    } catch (thrown) {
      call.hasFailed = true;
      throw thrown;
    }
  }
}
