import { errorResponse } from "./error-response.ts";

/** Answers a known path asked with a method that it does not have; OPTIONS, which every path has, included. */
export function methodNotAllowed(request: Request, allowed: readonly string[]): Response {
  const Allow = [...allowed, "OPTIONS"].join(", ");
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { Allow } });
  return errorResponse("METHOD_NOT_ALLOWED", `This path is asked with ${Allow}.`, { Allow });
}
