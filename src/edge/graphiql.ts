import { errorResponse } from "./error-response.ts";

// The folder, not its index.html: that one is answered with a redirect to the folder (`html_handling`'s default).
const PAGE = "/graphiql/";
const HASHED_FILES = "/graphiql/assets/";

/**
 * What the page and its workers may do: no other host, no inline script, no evaluated text. It is the least that works,
 * each source was taken away and missed. Trusted Types cannot be asked for, as GraphiQL renders descriptions as HTML.
 */
const GRAPHIQL_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  // Monaco writes its themes into style elements and its lines as HTML with style attributes.
  "style-src 'self' 'unsafe-inline'",
  // GraphiQL's own fonts are inside its style sheet, Monaco's icons are a file.
  "font-src 'self' data:",
  // Monaco's squiggles and the empty favicon. A picture that a description or a result names is not loaded.
  "img-src data:",
  // This host, WebSockets included.
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const SAFETY_HEADERS = {
  "Content-Security-Policy": GRAPHIQL_CSP,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * Answers with the GraphiQL page, whatever the address of the request: the page speaks to the path it was opened at.
 * Answers 404 `NOT_FOUND` when it was not built.
 */
export async function serveGraphiql(assets: Fetcher, request: Request): Promise<Response> {
  const page = await fetchAsset(assets, request, PAGE);
  if (page === undefined) return notFound("GraphiQL is not built: run `npm run build:graphiql`.");
  // The same address answers a GraphQL client with JSON, hence Vary.
  return withHeaders(page, { "Cache-Control": "no-cache", Vary: "Accept" });
}

/** Answers a request below `/graphiql/` with the built file of that name, or 404 `NOT_FOUND`. */
export async function serveGraphiqlAsset(assets: Fetcher, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === PAGE.slice(0, -1) || pathname === PAGE || pathname === `${PAGE}index.html`) {
    return serveGraphiql(assets, request);
  }
  const file = pathname.startsWith(PAGE) ? await fetchAsset(assets, request, pathname) : undefined;
  if (file === undefined) return notFound(`There is no file ${pathname}.`);
  // The names below `assets/` change with their content.
  const cacheable = pathname.startsWith(HASHED_FILES) ? "public, max-age=31536000, immutable" : "no-cache";
  return withHeaders(file, { "Cache-Control": cacheable });
}

async function fetchAsset(assets: Fetcher, request: Request, pathname: string): Promise<Response | undefined> {
  const headers = new Headers();
  // Nothing of the caller goes along, neither token nor cookie, except what makes a 304 possible.
  const known = request.headers.get("If-None-Match");
  if (known !== null) headers.set("If-None-Match", known);
  const method = request.method === "HEAD" ? "HEAD" : "GET";
  const response = await assets.fetch(new URL(pathname, request.url), { method, headers });
  if (response.ok || response.status === 304) return response;
  await response.body?.cancel();
  return undefined;
}

function withHeaders(response: Response, extra: Record<string, string>): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries({ ...SAFETY_HEADERS, ...extra })) headers.set(name, value);
  return new Response(response.body, { status: response.status, headers });
}

function notFound(message: string): Response {
  return errorResponse("NOT_FOUND", message, { ...SAFETY_HEADERS, "Cache-Control": "no-store" });
}
