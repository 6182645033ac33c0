import { Hono } from "hono";
import { ERRORS, GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import { parseMembersPatch, parseSnapshot } from "../core/permissions/parse-snapshot.ts";
import type { PermissionsAnswer } from "../core/permissions/snapshot.ts";
import { parseRevocation } from "../core/revocation.ts";
import { parseUuid } from "../core/uuid.ts";
import { assertShallow } from "./assert-shallow.ts";
import { edgeOf, workspaceOf } from "./edge.ts";
import { methodNotAllowed } from "./method-not-allowed.ts";
import { readBody } from "./read-body.ts";
import { requireSecret } from "./require-secret.ts";

/** What an operator asks and does, with a bearer of ADMIN_SECRETS. */
export const admin = new Hono<{ Bindings: Env }>();

admin.use(async function requireAdmin({ req, env }, next) {
  if (req.method !== "OPTIONS") requireSecret(req.raw, edgeOf(env).settings.adminSecrets, "ADMIN_SECRETS");
  await next();
});

admin.get("/workspaces/:id", async ({ req, env, json }) => json(await workspaceIn(req.param("id"), env).inspect()));
admin.delete("/workspaces/:id", async ({ req, env, json }) => json(await workspaceIn(req.param("id"), env).erase()));
admin.post("/workspaces/:id/revoke", async ({ req, env, json }) => {
  const workspace = workspaceIn(req.param("id"), env);
  return json(
    await workspace.revoke(parseRevocation(await readJson(req.raw, edgeOf(env).settings.limits), Date.now())),
  );
});
admin.get("/workspaces/:id/streams", async ({ req, env, json }) =>
  json(await workspaceIn(req.param("id"), env).listStreams(req.query("after"))),
);
admin.put("/workspaces/:id/permissions", async ({ req, env }) => {
  const workspace = workspaceIn(req.param("id"), env);
  const { limits } = edgeOf(env).settings;
  const input = await readJson(req.raw, limits, limits.MAX_PERMISSIONS_BYTES);
  return permissionsResponse(await workspace.putPermissions(parseSnapshot(input, limits)));
});
admin.patch("/workspaces/:id/permissions/members", async ({ req, env }) => {
  const workspace = workspaceIn(req.param("id"), env);
  const { limits } = edgeOf(env).settings;
  const input = await readJson(req.raw, limits, limits.MAX_MEMBERS_PATCH_BYTES);
  return permissionsResponse(await workspace.patchMembers(parseMembersPatch(input, limits)));
});
admin.all("/workspaces/:id/streams", ({ req }) => methodNotAllowed(req.raw, ["GET"]));
admin.all("/workspaces/:id/permissions", ({ req }) => methodNotAllowed(req.raw, ["PUT"]));
admin.all("/workspaces/:id/permissions/members", ({ req }) => methodNotAllowed(req.raw, ["PATCH"]));
admin.all("/workspaces/:id/revoke", ({ req }) => methodNotAllowed(req.raw, ["POST"]));
admin.all("/workspaces/:id", ({ req }) => methodNotAllowed(req.raw, ["GET", "DELETE"]));

const MAX_ADMIN_BODY_BYTES = 16 * 1024;

async function readJson(request: Request, limits: Limits, maxBytes = MAX_ADMIN_BODY_BYTES): Promise<unknown> {
  const body = await readBody(request, maxBytes);
  assertShallow(body, limits);
  try {
    return JSON.parse(body);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new GatewayError("BAD_REQUEST", "The body must be JSON.");
    throw thrown;
  }
}

/** A snapshot that is not taken is answered with the version that is stored, so that its sender can catch up. */
function permissionsResponse(answer: PermissionsAnswer): Response {
  if (answer.taken) return Response.json({ version: answer.version });
  const { code, message, version } = answer;
  const body = { errors: [{ message, extensions: { code } }], version };
  return Response.json(body, { status: ERRORS[code].status });
}

function workspaceIn(id: string, env: Env) {
  const workspaceId = parseUuid(id);
  if (workspaceId === undefined) throw new GatewayError("BAD_REQUEST", "The workspace id must be a UUID.");
  return workspaceOf(env, workspaceId);
}
