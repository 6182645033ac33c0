import { defineSubscription } from "../../../src/core/operation/subscription-field.ts";

interface OnQueueJobArgs {
  readonly jobId?: string | null;
}

/** Background jobs as they change: those of a user for that user alone, and those that are for everybody. */
export const onQueueJob = defineSubscription<OnQueueJobArgs>({
  name: "onQueueJob",
  listensTo: ["queueJob"],
  interestOf: ({ jobId }) => [jobId ?? undefined],
  occurrencesIn(message, at) {
    if (message.kind !== "queueJob") return [];
    const { job, userWorkspaceId } = message;
    const value = { ...job, eventDate: new Date(at).toISOString() };
    return [
      {
        topic: [job.jobId],
        event: 0,
        valueFor: () => value,
        ...(userWorkspaceId !== undefined && { recipients: new Set([userWorkspaceId]) }),
      },
    ];
  },
});
