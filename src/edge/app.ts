import { Hono } from "hono";
import { isLoopbackHost } from "../core/settings.ts";
import { admin } from "./admin.ts";
import { openChannels } from "./channels.ts";
import { corsFor } from "./cors.ts";
import { type Edge, edgeOf } from "./edge.ts";
import { errorResponse, responseTo } from "./error-response.ts";
import { serveGraphiql, serveGraphiqlAsset } from "./graphiql.ts";
import { graphqlOverHttp } from "./graphql.ts";
import { isUpgrade } from "./is-upgrade.ts";
import { methodNotAllowed } from "./method-not-allowed.ts";
import { publishOverHttp } from "./publish.ts";
import { routeUpstream } from "./route-upstream.ts";
import { isOfSingleConnection, singleConnection } from "./single-connection.ts";
import { graphqlOverSse, wantsEventStream } from "./sse.ts";
import { upgrade } from "./upgrade.ts";

/** Every door of the gateway over HTTP. */
export const app = new Hono<{ Bindings: Env }>();

app.onError(responseTo);
app.notFound(({ req }) => errorResponse("NOT_FOUND", `There is nothing at ${new URL(req.url).pathname}.`));

// Before the settings are looked at: it tells whether the Worker runs, not whether it is well set up.
app.get("/healthz", ({ json }) => json({ status: "ok" }));
app.all("/healthz", ({ req }) => methodNotAllowed(req.raw, ["GET"]));

app.use(async function requireSettings({ req, env }, next) {
  const { environment, devHosts } = edgeOf(env).settings;
  if (environment !== "development") return next();
  const { hostname } = new URL(req.url);
  // Development has well-known secrets: it is for this machine, not for a network.
  if (isLoopbackHost(hostname) || devHosts.includes(hostname)) return next();
  return errorResponse("MISDIRECTED", "ENVIRONMENT=development answers on loopback hosts and DEV_HOSTS only.");
});

app.post("/publish", ({ req, env }) => publishOverHttp(req.raw, edgeOf(env)));
app.all("/publish", ({ req }) => methodNotAllowed(req.raw, ["POST"]));
app.route("/admin", admin);
app.get("/channels/:workspaceId", ({ req, env }) => openChannels(req.raw, req.param("workspaceId"), edgeOf(env)));
app.all("/channels/:workspaceId", ({ req }) => methodNotAllowed(req.raw, ["GET"]));

app.get("/graphiql/*", async ({ req, env }, next) => {
  if (!edgeOf(env).settings.playground) return next();
  return serveGraphiqlAsset(env.ASSETS, req.raw);
});

app.use(async function graphqlPaths(context, next) {
  const { req, env } = context;
  const edge = edgeOf(env);
  // As it was sent: `req.path` is decoded, and a path has more spellings than there may be servers of GraphQL in memory.
  if (!edge.settings.graphqlPaths.includes(new URL(req.url).pathname)) return next();
  if (isUpgrade(req.raw)) return upgrade(req.raw, edge);
  return corsFor(edge.settings)(context, async () => {
    context.res = await answerOverHttp(req.raw, env);
  });
});

/** Of the GraphQL paths. */
const METHODS = ["GET", "POST", "PUT", "DELETE"];

async function answerOverHttp(request: Request, env: Env): Promise<Response> {
  const edge = edgeOf(env);
  const { method, headers } = request;
  if (!METHODS.includes(method)) return methodNotAllowed(request, METHODS);
  const wantsPage = method === "GET" && (headers.get("Accept") ?? "").includes("text/html");
  if (wantsPage && edge.settings.playground && !new URL(request.url).searchParams.has("query")) {
    return serveGraphiql(env.ASSETS, request);
  }
  return answerOperation(request, edge).catch(responseTo);
}

async function answerOperation(request: Request, edge: Edge): Promise<Response> {
  if (isOfSingleConnection(request)) return singleConnection(request, edge);
  const { upstreamGraphqlUrl } = edge.settings;
  const routed = upstreamGraphqlUrl === undefined ? request : await routeUpstream(request, upstreamGraphqlUrl, edge);
  if (routed instanceof Response) return routed;
  return wantsEventStream(routed) ? graphqlOverSse(routed, edge) : graphqlOverHttp(routed, edge);
}
