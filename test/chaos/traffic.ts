import { ACTIONS, AcceptedLog, type ChaosEvent, type Input, LOG, OBJECTS, offsetOf } from "./accepted-log.ts";
import type { StreamQuery } from "./event-stream.ts";
import type { Random } from "./random.ts";

/** A message to publish, and what its events are. */
export interface ChaosMessage {
  readonly id: string;
  readonly events: readonly ChaosEvent[];
  readonly body: object;
}

export type Answer = { readonly position: string; readonly duplicate: boolean } | { readonly error: object };

/** What a message is to be, where that matters. */
export interface MessageShape {
  /** One of `OBJECTS` by default. */
  readonly object?: string;
  readonly fieldBytes?: number;
}

const RECORDS = 6;
const FIELD_BYTES = 40;
const MOST_RECIPIENTS = 2;

/** The messages of one workspace, and what became of them. */
export class Traffic {
  readonly workspaceId: string;
  readonly log = new AcceptedLog();
  /** Answers that cannot be right. */
  readonly wrongAnswers: string[] = [];
  readonly #random: Random;
  readonly #answered: ChaosMessage[] = [];
  readonly #positions = new Map<string, string>();
  /** The user workspaces that function logs are written for. */
  readonly #readers: string[] = [];
  #keys = 0;

  constructor(workspaceId: string, random: Random) {
    this.workspaceId = workspaceId;
    this.#random = random;
  }

  /** How many events were published, each counted once. */
  get published(): number {
    return this.#keys;
  }

  /** A message of some events, all of one object and action. */
  newMessage(eventCount: number, { object, fieldBytes = FIELD_BYTES }: MessageShape = {}): ChaosMessage {
    const random = this.#random;
    const [objectNameSingular, action] = [object ?? random.pick(OBJECTS), random.pick(ACTIONS)];
    const events = Array.from({ length: eventCount }, () => {
      const key = this.#newKey();
      return { key, objectNameSingular, action, recordId: recordId(random.below(RECORDS)) };
    });
    const records = events.map(({ key, recordId }) => {
      const record = { id: recordId, name: key, note: "x".repeat(fieldBytes) };
      const properties =
        action === "DELETED"
          ? { before: record }
          : { after: record, updatedFields: action === "UPDATED" ? ["name"] : [] };
      return { recordId, properties };
    });
    const id = `${objectNameSingular}-${events[0]?.key ?? "none"}`;
    const { workspaceId } = this;
    return {
      id,
      events,
      body: { id, workspaceId, name: `${objectNameSingular}.${action.toLowerCase()}`, events: records },
    };
  }

  /** A user workspace for which function logs are written from now on. */
  newReader(): string {
    const reader = crypto.randomUUID();
    this.#readers.push(reader);
    return reader;
  }

  /** A function's log, which is for some of the readers only. */
  newLog(): ChaosMessage {
    const { workspaceId } = this;
    const key = this.#newKey();
    const recipients = this.#random.shuffle(this.#readers).slice(0, this.#random.between(1, MOST_RECIPIENTS));
    const id = `log-${key}`;
    const payload = { logicFunctionLogs: { logs: key } };
    const channel = "LOGIC_FUNCTION_LOGS_CHANNEL";
    return {
      id,
      events: [{ ...LOG, key, recordId: "", recipients }],
      body: { id, workspaceId, channel, payload, recipientUserWorkspaceIds: recipients },
    };
  }

  /** A message that has its answer, to be published again. */
  oldMessage(): ChaosMessage | undefined {
    return this.#answered.length === 0 ? undefined : this.#random.pick(this.#answered);
  }

  /**
   * Takes an answer in.
   * @param isAgain the message had its answer when it was published this time
   * @returns whether the message is done with: if not, it is to be published again
   */
  answered(message: ChaosMessage, answer: Answer | undefined, isAgain = false): boolean {
    if (answer === undefined) return false;
    if ("error" in answer) {
      const { retryable } = answer.error as { retryable?: boolean };
      if (retryable !== true) this.wrongAnswers.push(`${message.id}: ${JSON.stringify(answer)}`);
      return retryable !== true;
    }
    const { position, duplicate } = answer;
    const before = this.#positions.get(message.id);
    if (before !== undefined && before !== position) {
      this.wrongAnswers.push(`${message.id} was answered ${before}, then ${position} (duplicate: ${duplicate})`);
    }
    if (isAgain && !duplicate)
      this.wrongAnswers.push(`${message.id} was published again and is no duplicate: ${position}`);
    if (before === undefined) {
      this.#positions.set(message.id, position);
      this.#answered.push(message);
    }
    this.log.accept(message.events, offsetOf(position));
    return true;
  }

  /** What somebody may want to hear: from everything to one record. */
  newInput(): Input {
    const random = this.#random;
    return {
      ...(random.chance(0.4) && { objectNameSingular: random.pick(OBJECTS) }),
      ...(random.chance(0.3) && { action: random.pick(ACTIONS) }),
      ...(random.chance(0.2) && { recordId: recordId(random.below(RECORDS)) }),
    };
  }

  /** What a tab may have on its screen. */
  newQueries(): StreamQuery[] {
    const random = this.#random;
    return random.shuffle([...OBJECTS]).map((objectNameSingular, i) => ({
      ...{ id: `query-${i}`, objectNameSingular },
      ...(random.chance(0.5) && { recordId: recordId(random.below(RECORDS)) }),
    }));
  }

  #newKey(): string {
    this.#keys++;
    return `${this.#keys}${this.log.keySuffix}`;
  }
}

function recordId(n: number): string {
  return `record-${n}`;
}
