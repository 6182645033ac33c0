import { ON_DB_EVENT } from "../e2e/events.ts";
import { type AcceptedLog, type Input, LOG, offsetOf } from "./accepted-log.ts";
import { ON_EVENT_SUBSCRIPTION, type StreamEvent, type StreamRecord } from "./event-stream.ts";
import type { Frame } from "./frame.ts";
import { type Ends, type GapRule, OperationModel, type ReceivedEvent } from "./operation-model.ts";
import { HIDDEN_FIELD } from "./rights.ts";

interface SubscribePayload {
  readonly query: string;
  readonly variables?: object;
  readonly extensions?: object;
}

const FUNCTION_LOGS = "subscription { logicFunctionLogs(input: {}) { logs } }";

/** An operation that its client never gives up, on one socket after another. */
export class ChaosOperation {
  readonly model: OperationModel;
  /** What happened to it, for whoever reads what went wrong. */
  readonly story: string[] = [];
  /** The stream of one that has queries. */
  readonly streamId = crypto.randomUUID();
  /** Another one each time it is subscribed. */
  id = "";
  #position: string | undefined;
  #subscribed = 0;
  readonly #name: string;

  constructor(name: string, log: AcceptedLog, input: Input, resumes: boolean) {
    this.#name = name;
    this.model = new OperationModel(log, input, resumes);
  }

  /** The last position that it was told or given. */
  get position(): string | undefined {
    return this.#position;
  }

  /**
   * Begins anew after the last position. Returns the payload of the `subscribe`.
   * @param after another position than its own
   */
  subscribe(gap: GapRule = "none", after = this.#position): SubscribePayload {
    this.#subscribed++;
    this.id = `${this.#name}.${this.#subscribed}`;
    this.story.push(`subscribed after ${after ?? "nothing"}`);
    const { model } = this;
    model.subscribed(gap);
    const resume = after === undefined ? {} : { after };
    const { input } = model;
    return {
      ...this.#asks(input),
      ...(model.resumes && { extensions: { resume } }),
    };
  }

  /**
   * Takes a message that is about it.
   * @param floor how far back the log no longer reaches by now
   * @returns whether it is one that may come at all
   */
  take({ type, payload }: Frame, ends: Ends, floor = 0): boolean {
    const { model } = this;
    if (type === "ping" && payload?.gap !== undefined) {
      model.gap(offsetOf(payload.gap.position), floor);
      this.#moveTo(payload.gap.position, "gap to");
      return true;
    }
    if (type === "ping" && payload?.position !== undefined) {
      model.told(offsetOf(payload.position.position), ends);
      this.#moveTo(payload.position.position, "told");
      return true;
    }
    const said = payload === undefined ? undefined : saidIn(payload);
    if (type !== "next" || said === undefined || payload?.errors !== undefined) return false;
    // An event stream begins with an empty `next`.
    if (said.length === 0) return true;
    const position = payload?.extensions?.position;
    model.received(said, position === undefined ? undefined : offsetOf(position), ends);
    if (position !== undefined) this.#position = position;
    return true;
  }

  #asks(input: Input): SubscribePayload {
    if (input.queries !== undefined) {
      return { query: ON_EVENT_SUBSCRIPTION, variables: { eventStreamId: this.streamId } };
    }
    return input.logsFor === undefined ? { query: ON_DB_EVENT, variables: { input } } : { query: FUNCTION_LOGS };
  }

  #moveTo(position: string, how: string): void {
    this.story.push(`${how} ${position}`);
    this.#position = position;
  }
}

/** What happened, as a `next` says it. */
function saidIn({ data }: NonNullable<Frame["payload"]>): readonly ReceivedEvent[] | undefined {
  const { onDbEvent: event, logicFunctionLogs: log, onEventSubscription: stream } = data ?? {};
  if (log !== undefined) return [{ ...LOG, key: log.logs }];
  if (stream !== undefined) return stream.objectRecordEventsWithQueryIds.map(saidByStream);
  if (event === undefined) return undefined;
  const { action, objectNameSingular, eventDate, record } = event;
  return [
    {
      key: record.name,
      action,
      objectNameSingular,
      at: Date.parse(eventDate),
      ...hiddenIn(objectNameSingular, record),
    },
  ];
}

function saidByStream({ queryIds, objectRecordEvent }: StreamEvent): ReceivedEvent {
  const { action, objectNameSingular, properties } = objectRecordEvent;
  const record = properties.after ?? properties.before ?? { name: "" };
  return { key: record.name, action, objectNameSingular, queryIds, ...hiddenIn(objectNameSingular, record) };
}

function hiddenIn(objectNameSingular: string, record: StreamRecord): Pick<ReceivedEvent, "hasHiddenField"> {
  return { hasHiddenField: objectNameSingular === HIDDEN_FIELD.object && record[HIDDEN_FIELD.name] !== undefined };
}
