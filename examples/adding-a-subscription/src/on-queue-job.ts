import { defineSubscription } from "../../../src/core/operation/subscription-field.ts";

interface OnQueueJobArgs {
  readonly userWorkspaceId?: string | null;
  readonly jobId?: string | null;
}

/** Stands for the recipient of a job that is for everybody; no user has this id. */
const EVERYBODY = "everybody";

/** Background jobs as they change: those of one user for that user alone, or those that are for everybody. */
export const onQueueJob = defineSubscription<OnQueueJobArgs>({
  name: "onQueueJob",
  listensTo: "queueJob",
  carriesRecords: false,
  interestOf: ({ userWorkspaceId, jobId }) => [userWorkspaceId?.toLowerCase() ?? EVERYBODY, jobId ?? undefined],
  refuse({ userWorkspaceId }, caller) {
    if (userWorkspaceId == null) return undefined;
    const own = "userWorkspaceId" in caller ? caller.userWorkspaceId : undefined;
    return userWorkspaceId.toLowerCase() === own ? undefined : "The jobs of a user are for that user alone.";
  },
  occurrencesIn(message, at) {
    if (message.kind !== "queueJob") return [];
    const { job, userWorkspaceId = EVERYBODY } = message;
    const eventDate = new Date(at).toISOString();
    return [{ topic: [userWorkspaceId, job.jobId], event: 0, value: { ...job, eventDate } }];
  },
});
