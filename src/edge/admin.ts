import { Hono } from "hono";
import { GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
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
  if (req.method !== "OPTIONS") await requireSecret(req.raw, edgeOf(env).settings.adminSecrets, "ADMIN_SECRETS");
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
admin.all("/workspaces/:id/revoke", ({ req }) => methodNotAllowed(req.raw, ["POST"]));
admin.all("/workspaces/:id", ({ req }) => methodNotAllowed(req.raw, ["GET", "DELETE"]));

const MAX_ADMIN_BODY_BYTES = 16 * 1024;

async function readJson(request: Request, limits: Limits): Promise<unknown> {
  const body = await readBody(request, MAX_ADMIN_BODY_BYTES);
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
