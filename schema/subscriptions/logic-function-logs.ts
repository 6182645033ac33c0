import { defineLogsSubscription } from "../function-logs.ts";

/** What functions print. */
export const logicFunctionLogs = defineLogsSubscription("logicFunctionLogs", "LOGIC_FUNCTION_LOGS_CHANNEL");
