import { GraphQLError } from "graphql";
import type { ErrorCode } from "../errors.ts";

/** A GraphQL error that carries one of our codes. */
export function codedError(code: ErrorCode, message: string, subCode?: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...(subCode !== undefined && { subCode }) } });
}

/** The same error, carrying one of our codes. It tells where, but holds nothing of the document that was parsed. */
export function withCode(
  { message, source, positions, path, extensions }: GraphQLError,
  code: ErrorCode,
): GraphQLError {
  return new GraphQLError(message, { source, positions, path, extensions: { code, ...extensions } });
}
