import { codedError } from "../../src/core/operation/coded-error.ts";
import type { OperationContext } from "../../src/core/operation/operation-context.ts";
import type { StreamAnswer } from "../../src/core/streams/stream-refusal.ts";

interface QueryInput {
  readonly eventStreamId: string;
  readonly queryId: string;
}

interface AddQueryArgs {
  readonly input: QueryInput & { readonly operationSignature: unknown };
}

interface RemoveQueryArgs {
  readonly input: QueryInput;
}

/** Adds a query to an event stream, or puts it in the place of the one with its id; false where there is no such stream. */
export function addQueryToEventStream({ input }: AddQueryArgs, { addQuery }: OperationContext) {
  return answer(addQuery(input.eventStreamId, input.queryId, input.operationSignature));
}

/** Takes a query out of an event stream; false where there is no such stream. */
export function removeQueryFromEventStream({ input }: RemoveQueryArgs, { removeQuery }: OperationContext) {
  return answer(removeQuery(input.eventStreamId, input.queryId));
}

function answer(answered: StreamAnswer | Promise<StreamAnswer>): boolean | Promise<boolean> {
  return answered instanceof Promise ? answered.then(toResult) : toResult(answered);
}

function toResult(answered: StreamAnswer): boolean {
  if (typeof answered === "boolean") return answered;
  throw codedError(answered.code, answered.message, answered.subCode);
}
