import { ERRORS } from "../core/errors.ts";
import type { PermissionsAnswer } from "../core/permissions/snapshot.ts";

/** What became of a snapshot or a patch, over HTTP: always with the version that is stored now. */
export function permissionsResponse(answer: PermissionsAnswer): Response {
  const { version } = answer;
  if (answer.taken) return Response.json({ version });
  const { code, message } = answer;
  return Response.json({ version, errors: [{ message, extensions: { code } }] }, { status: ERRORS[code].status });
}
