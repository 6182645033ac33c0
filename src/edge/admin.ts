import { Hono } from "hono";
import { GatewayError } from "../core/errors.ts";
import { parseUuid } from "../core/uuid.ts";
import { edgeOf, workspaceOf } from "./edge.ts";
import { methodNotAllowed } from "./method-not-allowed.ts";
import { requireSecret } from "./require-secret.ts";

/** What an operator asks and does, with a bearer of ADMIN_SECRETS. */
export const admin = new Hono<{ Bindings: Env }>();

admin.use(async function requireAdmin({ req, env }, next) {
  if (req.method !== "OPTIONS") await requireSecret(req.raw, edgeOf(env).settings.adminSecrets, "ADMIN_SECRETS");
  await next();
});

admin.get("/workspaces/:id", async ({ req, env, json }) => json(await workspaceIn(req.param("id"), env).inspect()));
admin.delete("/workspaces/:id", async ({ req, env, json }) => json(await workspaceIn(req.param("id"), env).erase()));
admin.all("/workspaces/:id", ({ req }) => methodNotAllowed(req.raw, ["GET", "DELETE"]));

function workspaceIn(id: string, env: Env) {
  const workspaceId = parseUuid(id);
  if (workspaceId === undefined) throw new GatewayError("BAD_REQUEST", "The workspace id must be a UUID.");
  return workspaceOf(env, workspaceId);
}
