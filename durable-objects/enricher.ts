import { messageOf } from "../src/core/errors.ts";
import type { Limits } from "../src/core/limits.ts";
import type { Message, RecordMessage } from "../src/core/pubsub/message.ts";
import type { PublishRequest } from "../src/core/pubsub/publish-request.ts";
import type { SecretFields } from "../src/core/pubsub/secret-fields.ts";
import { readRelatedRecords } from "../src/core/streams/related-records.ts";
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

/**
 * Adds related records to messages before they are written, so that a replay equals what was live. A service that is
 * late or fails changes nothing: messages go out as they were published.
 */
export class Enricher {
  readonly #context: EnricherContext;
  /** The call before this one. Calls are written in the order in which they came, however long each one waits. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(context: EnricherContext) {
    this.#context = context;
  }

  async enrich(requests: readonly PublishRequest[]): Promise<PublishRequest[]> {
    const enriched = this.#enrichAll(requests);
    const turn = Promise.all([enriched, this.#before]);
    this.#before = turn;
    const [mine] = await turn;
    return mine;
  }

  /** One deadline for all messages of a call. */
  async #enrichAll(requests: readonly PublishRequest[]): Promise<PublishRequest[]> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), this.#context.limits.ENRICH_TIMEOUT_MS);
    try {
      return await Promise.all(requests.map((request) => this.#enrichOne(request, late)));
    } finally {
      clearTimeout(timer);
    }
  }

  async #enrichOne(request: PublishRequest, late: Promise<undefined>): Promise<PublishRequest> {
    const message = JSON.parse(request.body) as Message;
    if (message.kind !== "record" || !this.#context.isWanted(message.objectNameSingular)) return request;
    try {
      const related = await Promise.race([this.#ask(message), late]);
      if (related === undefined) throw new Error("It did not answer in time (ENRICH_TIMEOUT_MS).");
      const body = JSON.stringify({ ...message, related });
      if (isLargerThan(body, this.#context.limits.MAX_ENRICHED_BYTES)) {
        throw new Error("It added more than a message may have (MAX_ENRICHED_BYTES).");
      }
      return { ...request, body };
    } catch (thrown) {
      console.warn({ message: "A message could not be enriched", error: messageOf(thrown) });
      return request;
    }
  }

  async #ask({ objectNameSingular, action, events }: RecordMessage) {
    const { service, workspaceId, secretFields } = this.#context;
    const asked = events.map((event) => ({ action, objectNameSingular, ...event }));
    return readRelatedRecords(await service.enrich(workspaceId, asked), secretFields);
  }
}
