import type { PublishOutcome, PublishRequest } from "../src/core/pubsub/publish-request.ts";
import type { LogRow, ReplayLog } from "../src/core/pubsub/replay-log.ts";

/** What became of the messages of one publish call. */
export interface WrittenMessages {
  /** One for each message, in order. */
  readonly outcomes: readonly PublishOutcome[];
  /** The rows that were written, to be delivered in the same turn. */
  readonly rows: readonly LogRow[];
}

/**
 * Writes messages to the log, in order. One that cannot be written does not keep the others from it.
 * @param open gives the log; asked again after a failure, because SQLite may take back more than the row that failed
 * @param toBody makes the body of a row that is about to be written, the head of the log being where it is. Default: the
 *   body as it came
 * @param onFailure is told what went wrong, and forgets what is in memory of the log
 */
export function writeMessages(
  requests: readonly PublishRequest[],
  now: number,
  positionAt: (offset: number) => string,
  open: () => ReplayLog,
  toBody: ((request: PublishRequest, head: number) => string) | undefined,
  onFailure: (thrown: unknown) => void,
): WrittenMessages {
  const written: { readonly request: PublishRequest; readonly outcome: PublishOutcome; readonly row?: LogRow }[] = [];
  let hasFailed = false;
  for (const request of requests) {
    try {
      written.push({ request, ...writeMessage(request, now, positionAt, open(), toBody) });
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
  positionAt: (offset: number) => string,
  log: ReplayLog,
  toBody: ((request: PublishRequest, head: number) => string) | undefined,
): { readonly outcome: PublishOutcome; readonly row?: LogRow } {
  const { id, digest, events } = request;
  const row = tryAppend(request, now, log, toBody);
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
  toBody: ((request: PublishRequest, head: number) => string) | undefined,
): LogRow | undefined {
  if (toBody === undefined) return log.append(request, now);
  // Making a body leaves a trace in the storage, so it is not left to the append to find out that the id is known.
  if (log.find(request.id) !== undefined) return undefined;
  return log.append({ ...request, body: toBody(request, log.head) }, now);
}

function isThere({ id }: PublishRequest, log: ReplayLog): boolean {
  return log.find(id) !== undefined;
}

function unavailable({ id }: PublishRequest): PublishOutcome {
  const message = "The message could not be written. Publish it again with the same id.";
  return { id, error: { code: "UNAVAILABLE", message, retryable: true } };
}
