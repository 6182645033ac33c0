import { type Context, Hono } from "hono";
import { ERRORS, GatewayError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import { parseMembersPatch, parseSnapshot } from "../core/permissions/parse-snapshot.ts";
import type { PermissionsAnswer } from "../core/permissions/snapshot.ts";
import { parseRevocation } from "../core/revocation.ts";
import { parseUuid } from "../core/uuid.ts";
import { askWorkspace } from "./ask-workspace.ts";
import { assertShallow } from "./assert-shallow.ts";
import { edgeOf, type WorkspaceStub } from "./edge.ts";
import { methodNotAllowed } from "./method-not-allowed.ts";
import { readBody } from "./read-body.ts";
import { requireSecret } from "./require-secret.ts";

/** What an operator asks and does, with a bearer of ADMIN_SECRETS. */
export const admin = new Hono<{ Bindings: Env }>();

admin.use(async function requireAdmin({ req, env }, next) {
  if (req.method !== "OPTIONS") requireSecret(req.raw, edgeOf(env).settings.adminSecrets, "ADMIN_SECRETS");
  await next();
});

admin.get("/workspaces/:id", async (context) => context.json(await ask(context, (workspace) => workspace.inspect())));
admin.delete("/workspaces/:id", async (context) => context.json(await ask(context, (workspace) => workspace.erase())));
admin.post("/workspaces/:id/revoke", async (context) => {
  const input = await readJson(context.req.raw, edgeOf(context.env).settings.limits);
  const revocation = parseRevocation(input, Date.now());
  return context.json(await ask(context, (workspace) => workspace.revoke(revocation)));
});
admin.get("/workspaces/:id/streams", async (context) => {
  const after = context.req.query("after");
  return context.json(await ask(context, (workspace) => workspace.listStreams(after)));
});
admin.put("/workspaces/:id/permissions", async (context) => {
  const { limits } = edgeOf(context.env).settings;
  const snapshot = parseSnapshot(await readJson(context.req.raw, limits, limits.MAX_PERMISSIONS_BYTES), limits);
  return permissionsResponse(await ask(context, (workspace) => workspace.putPermissions(snapshot)));
});
admin.patch("/workspaces/:id/permissions/members", async (context) => {
  const { limits } = edgeOf(context.env).settings;
  const patch = parseMembersPatch(await readJson(context.req.raw, limits, limits.MAX_MEMBERS_PATCH_BYTES), limits);
  return permissionsResponse(await ask(context, (workspace) => workspace.patchMembers(patch)));
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

/** Asks the object of the workspace in the path. */
async function ask<Answer>(
  { req, env }: Context<{ Bindings: Env }>,
  call: (workspace: WorkspaceStub) => Promise<Answer>,
): Promise<Answer> {
  const workspaceId = parseUuid(req.param("id"));
  if (workspaceId === undefined) throw new GatewayError("BAD_REQUEST", "The workspace id must be a UUID.");
  return askWorkspace({ env }, workspaceId, call);
}
