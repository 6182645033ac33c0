import { defineLogsSubscription } from "../function-logs.ts";

/** What functions print, as January 2026's Twenty called them. */
export const serverlessFunctionLogs = defineLogsSubscription(
  "serverlessFunctionLogs",
  "SERVERLESS_FUNCTION_LOGS_CHANNEL",
);
