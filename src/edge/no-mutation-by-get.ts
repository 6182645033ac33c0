import { OperationTypeNode } from "graphql";
import type { ReadOperation } from "../core/operation/read-operation.ts";
import { errorResponse } from "./error-response.ts";

/** The answer to a mutation that comes by `GET`, which any page can make a browser send; undefined for all else. */
export function noMutationByGet({ method }: Request, read: ReadOperation | undefined): Response | undefined {
  if (method !== "GET" || read?.operation.operation !== OperationTypeNode.MUTATION) return undefined;
  return errorResponse("METHOD_NOT_ALLOWED", "A mutation is sent by POST.", { Allow: "POST" });
}
