import { Hono } from "hono";
import { GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import { parseMembersPatch, parseSnapshot } from "../core/permissions/parse-snapshot.ts";
import { parseRevocation } from "../core/revocation.ts";
import { parseUuid } from "../core/uuid.ts";
import { assertShallow } from "./assert-shallow.ts";
import { edgeOf, workspaceOf } from "./edge.ts";
import { methodNotAllowed } from "./method-not-allowed.ts";
import { permissionsResponse } from "./permissions-response.ts";
import { readBody } from "./read-body.ts";
import { requireSecret } from "./require-secret.ts";

/** What an operator asks and does, with a bearer of ADMIN_SECRETS. */
export const admin = new Hono<{ Bindings: Env }>();

admin.use(async function requireAdmin({ req, env }, next) {
  if (req.method !== "OPTIONS") await requireSecret(req.raw, edgeOf(env).settings.adminSecrets, "ADMIN_SECRETS");
  await next();
});

admin.get("/workspaces/:id", async ({ req, env, json }) => json(await workspaceIn(req.param("id"), env).inspect()));
admin.delete("/workspaces/:id", async ({ req, env, json }) => json(await workspaceIn(req.param("id"), env).erase()));
admin.post("/workspaces/:id/revoke", async ({ req, env, json }) => {
  const workspace = workspaceIn(req.param("id"), env);
  const body = await readJson(req.raw, MAX_REVOCATION_BYTES, edgeOf(env).settings.limits);
  return json(await workspace.revoke(parseRevocation(body, Date.now())));
});
admin.get("/workspaces/:id/streams", async ({ req, env, json }) =>
  json(await workspaceIn(req.param("id"), env).listStreams(req.query("after"))),
);
admin.put("/workspaces/:id/permissions", async ({ req, env }) => {
  const { limits } = edgeOf(env).settings;
  const workspace = workspaceIn(req.param("id"), env);
  const snapshot = parseSnapshot(await readJson(req.raw, limits.MAX_PERMISSIONS_BYTES, limits), limits);
  return permissionsResponse(await workspace.putPermissions(snapshot));
});
admin.patch("/workspaces/:id/permissions/members", async ({ req, env }) => {
  const { limits } = edgeOf(env).settings;
  const workspace = workspaceIn(req.param("id"), env);
  const patch = parseMembersPatch(await readJson(req.raw, limits.MAX_MEMBERS_PATCH_BYTES, limits), limits);
  return permissionsResponse(await workspace.patchMembers(patch));
});
admin.all("/workspaces/:id/revoke", ({ req }) => methodNotAllowed(req.raw, ["POST"]));
admin.all("/workspaces/:id/streams", ({ req }) => methodNotAllowed(req.raw, ["GET"]));
admin.all("/workspaces/:id/permissions", ({ req }) => methodNotAllowed(req.raw, ["PUT"]));
admin.all("/workspaces/:id/permissions/members", ({ req }) => methodNotAllowed(req.raw, ["PATCH"]));
admin.all("/workspaces/:id", ({ req }) => methodNotAllowed(req.raw, ["GET", "DELETE"]));

const MAX_REVOCATION_BYTES = 16 * 1024;

async function readJson(request: Request, maxBytes: number, limits: Limits): Promise<unknown> {
  const body = await readBody(request, maxBytes);
  assertShallow(body, limits);
  try {
    return JSON.parse(body);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new GatewayError("BAD_REQUEST", "The body must be JSON.");
    throw thrown;
  }
}

function workspaceIn(id: string, env: Env) {
  const workspaceId = parseUuid(id);
  if (workspaceId === undefined) throw new GatewayError("BAD_REQUEST", "The workspace id must be a UUID.");
  return workspaceOf(env, workspaceId);
}
