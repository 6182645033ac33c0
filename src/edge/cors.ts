import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { isAllowedOrigin } from "../auth/origins.ts";
import type { Settings } from "../core/settings.ts";

/** The request headers that Twenty's front-end and graphql-sse clients send. */
const ALLOWED_HEADERS = [
  "accept",
  "authorization",
  "content-type",
  "x-app-version",
  "x-graphql-event-stream-token",
  "x-locale",
  "x-schema-version",
];

/** CORS of the GraphQL paths: a listed origin is reflected with credentials, "*" is answered without. */
export function corsFor({ allowedOrigins }: Settings): MiddlewareHandler {
  const shared = {
    allowMethods: ["GET", "POST", "PUT", "DELETE", "OPTIONS"],
    allowHeaders: ALLOWED_HEADERS,
    maxAge: 600,
  };
  if (allowedOrigins === "*") return cors({ ...shared, origin: "*" });
  const origin = (asked: string) => (isAllowedOrigin(asked, allowedOrigins) ? asked : null);
  return cors({ ...shared, origin, credentials: true });
}
