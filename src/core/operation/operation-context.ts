import type { StreamAnswer } from "../streams/stream-refusal.ts";

/** What queries and mutations of one caller may call: directly inside the object, by RPC at the edge. */
export interface OperationContext {
  readonly workspaceId: string;
  readonly addQuery: (
    eventStreamId: string,
    queryId: string,
    operationSignature: unknown,
  ) => StreamAnswer | Promise<StreamAnswer>;
  readonly removeQuery: (eventStreamId: string, queryId: string) => StreamAnswer | Promise<StreamAnswer>;
}
