import type { PublishOutcome, PublishRequest } from "../src/core/pubsub/publish-request.ts";
import type { LogRow, ReplayLog } from "../src/core/pubsub/replay-log.ts";

/** What became of the messages of one publish call. */
export interface WrittenMessages {
  /** One for each message, in order. */
  readonly outcomes: readonly PublishOutcome[];
  /** The rows that were written, to be delivered in the same turn. */
  readonly rows: readonly LogRow[];
}

/** Where messages are written. */
export interface WriteContext {
  readonly positionAt: (offset: number) => string;
  /** Gives the log; asked again after a failure, because SQLite may take back more than the row that failed. */
  readonly open: () => ReplayLog;
  /** Default: the body of a row is written as it came. */
  readonly marking?: Marking | undefined;
  /** Is told what went wrong, and forgets what is in memory of the log. */
  readonly onFailure: (thrown: unknown) => void;
}

/** How a body is made that leaves a trace in the storage. */
export interface Marking {
  /** Of a row that is about to be written, the head of the log being where it is. */
  readonly toBody: (request: PublishRequest, head: number) => string;
  /** Keeps all that is written meanwhile, or nothing. */
  readonly atomically: <Written>(write: () => Written) => Written;
}

/** Writes messages to the log, in order. One that cannot be written does not keep the others from it. */
export function writeMessages(
  requests: readonly PublishRequest[],
  now: number,
  context: WriteContext,
): WrittenMessages {
  const { open, onFailure } = context;
  const written: { readonly request: PublishRequest; readonly outcome: PublishOutcome; readonly row?: LogRow }[] = [];
  let hasFailed = false;
  for (const request of requests) {
    try {
      written.push({ request, ...writeMessage(request, now, context) });
    } catch (thrown) {
      hasFailed = true;
      onFailure(thrown);
      written.push({ request, outcome: unavailable(request) });
    }
  }
  const kept = hasFailed
    ? written.map((entry) =>
        isThere(entry.request, open()) ? entry : { ...entry, outcome: unavailable(entry.request), row: undefined },
      )
    : written;
  return { outcomes: kept.map(({ outcome }) => outcome), rows: kept.flatMap(({ row }) => row ?? []) };
}

function writeMessage(
  request: PublishRequest,
  now: number,
  { positionAt, open, marking }: WriteContext,
): { readonly outcome: PublishOutcome; readonly row?: LogRow } {
  const { id, digest, events } = request;
  const log = open();
  const row = tryAppend(request, now, log, marking);
  if (row !== undefined) return { row, outcome: { id, position: positionAt(row.offset), events, duplicate: false } };
  const known = log.find(id);
  if (known?.digest === digest) {
    return { outcome: { id, position: positionAt(known.offset), events: known.events, duplicate: true } };
  }
  const message = "The id was used for a message of another content.";
  return { outcome: { id, error: { code: "ID_REUSED", message, retryable: false } } };
}

function tryAppend(
  request: PublishRequest,
  now: number,
  log: ReplayLog,
  marking: Marking | undefined,
): LogRow | undefined {
  if (marking === undefined) return log.append(request, now);
  // Making a body leaves a trace in the storage, so it is not left to the append to find out that the id is known.
  if (log.find(request.id) !== undefined) return undefined;
  const { toBody, atomically } = marking;
  return atomically(() => log.append({ ...request, body: toBody(request, log.head) }, now));
}

function isThere({ id }: PublishRequest, log: ReplayLog): boolean {
  return log.find(id) !== undefined;
}

function unavailable({ id }: PublishRequest): PublishOutcome {
  const message = "The message could not be written. Publish it again with the same id.";
  return { id, error: { code: "UNAVAILABLE", message, retryable: true } };
}
