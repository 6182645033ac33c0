import type { JsonObject } from "../json.ts";
import type { JobStatus, QueueJobMessage } from "./message.ts";
import { readNumber, readObject, readOptional, readString, readText, readUuid, refuse } from "./read-field.ts";

/** Parses the event of a background job that its caller wants to follow. */
export function parseQueueJobMessage(input: JsonObject): QueueJobMessage {
  const broadcastTo = readOptional(input.broadcastTo, "broadcastTo", readObject);
  return {
    kind: "queueJob",
    userWorkspaceId: readOptional(broadcastTo?.userWorkspaceId, "broadcastTo.userWorkspaceId", readUuid),
    job: readJobStatus(input.job, "job"),
  };
}

function readJobStatus(value: unknown, path: string): JobStatus {
  const job = readObject(value, path);
  return {
    jobId: readText(job.jobId, `${path}.jobId`),
    state: readText(job.state, `${path}.state`),
    attemptsMade: readOptional(job.attemptsMade, `${path}.attemptsMade`, readCount) ?? 0,
    failedReason: readOptional(job.failedReason, `${path}.failedReason`, readString),
    progress: job.progress ?? undefined,
    enqueuedAt: readOptional(job.enqueuedAt, `${path}.enqueuedAt`, readNumber),
    startedAt: readOptional(job.startedAt, `${path}.startedAt`, readNumber),
    finishedAt: readOptional(job.finishedAt, `${path}.finishedAt`, readNumber),
  };
}

/** Fits a GraphQL Int. */
function readCount(value: unknown, path: string): number {
  const count = readNumber(value, path);
  return Number.isInteger(count) && count >= 0 && count < 2 ** 31 ? count : refuse(path, "a count");
}
