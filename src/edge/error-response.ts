import { ERRORS, type ErrorCode, GatewayError, messageOf } from "../core/errors.ts";
import { SettingsError } from "../core/settings.ts";

/** An error as every door over HTTP answers it: the shape of a GraphQL response. */
export function errorResponse(code: ErrorCode, message: string, headers: HeadersInit = {}): Response {
  const body = { errors: [{ message, extensions: { code } }] };
  return Response.json(body, { status: ERRORS[code].status, headers });
}

/** Answers anything that was thrown; what is no error of a caller is logged, and told to nobody. */
export function responseTo(thrown: unknown): Response {
  if (thrown instanceof GatewayError) {
    const headers = new Headers();
    if (thrown.code === "UNAUTHENTICATED") headers.set("WWW-Authenticate", "Bearer");
    if (thrown.retryable) headers.set("Retry-After", "1");
    return errorResponse(thrown.code, thrown.message, headers);
  }
  if (thrown instanceof SettingsError) return errorResponse("BAD_SETTING", thrown.message);
  console.error({ message: "Unexpected error at the edge", error: messageOf(thrown) });
  return errorResponse("INTERNAL_SERVER_ERROR", "The gateway failed; the request may be repeated.");
}
