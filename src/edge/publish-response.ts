import { isRefused, type PublishAnswer } from "../publish/publish-result.ts";

/** When a publisher may come back with what could not be taken now. */
const RETRY_AFTER_SECONDS = "1";

/** The answer of a publish over HTTP: its status says how much was taken, the results say what. */
export function publishResponse(answer: PublishAnswer): Response {
  const { results } = answer;
  const refused = results.filter(isRefused);
  if (refused.length < results.length) return Response.json(answer, { status: refused.length === 0 ? 200 : 207 });
  if (!refused.some(({ error }) => error.retryable)) return Response.json(answer, { status: 400 });
  return Response.json(answer, { status: 503, headers: { "Retry-After": RETRY_AFTER_SECONDS } });
}
