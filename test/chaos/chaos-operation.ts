import { ON_DB_EVENT } from "../e2e/events.ts";
import { type AcceptedLog, type Input, LOG, offsetOf } from "./accepted-log.ts";
import type { Frame } from "./frame.ts";
import { type Ends, type GapRule, OperationModel, type ReceivedEvent } from "./operation-model.ts";
import { HIDDEN_FIELD } from "./rights.ts";

const FUNCTION_LOGS = "subscription { logicFunctionLogs(input: {}) { logs } }";

/** An operation that its client never gives up, on one socket after another. */
export class ChaosOperation {
  readonly model: OperationModel;
  /** What happened to it, for whoever reads what went wrong. */
  readonly story: string[] = [];
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
  subscribe(gap: GapRule = "none", after = this.#position): object {
    this.#subscribed++;
    this.id = `${this.#name}.${this.#subscribed}`;
    this.story.push(`subscribed after ${after ?? "nothing"}`);
    const { model } = this;
    model.subscribed(gap);
    const resume = after === undefined ? {} : { after };
    const { input } = model;
    const asks = input.logsFor === undefined ? { query: ON_DB_EVENT, variables: { input } } : { query: FUNCTION_LOGS };
    return {
      ...asks,
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
    const position = payload?.extensions?.position;
    model.received({ ...said, offset: position === undefined ? undefined : offsetOf(position) }, ends);
    if (position !== undefined) this.#position = position;
    return true;
  }

  #moveTo(position: string, how: string): void {
    this.story.push(`${how} ${position}`);
    this.#position = position;
  }
}

/** What happened, as a `next` says it. */
function saidIn({ data }: NonNullable<Frame["payload"]>): Omit<ReceivedEvent, "offset"> | undefined {
  const { onDbEvent: event, logicFunctionLogs: log } = data ?? {};
  if (log !== undefined) return { ...LOG, key: log.logs };
  if (event === undefined) return undefined;
  const { action, objectNameSingular, eventDate, record } = event;
  const hasHiddenField = objectNameSingular === HIDDEN_FIELD.object && record[HIDDEN_FIELD.name] !== undefined;
  return { key: record.name, action, objectNameSingular, at: Date.parse(eventDate), hasHiddenField };
}
