import { afterEach, expect, it, vi } from "vitest";
import { signToken } from "../../scripts/lib/sign-token.ts";
import { app } from "../../src/edge/app.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";

afterEach(() => vi.restoreAllMocks());

const WORKSPACE = "0b7c2b0e-5a57-4dd5-9b9c-8f6f4f1f1a11";
const ADMIN = { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` };
const caller = async () => {
  const token = await signToken({ appSecret: DEV_BINDINGS.APP_SECRET, workspaceId: WORKSPACE });
  return { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
};
const STREAM = { "X-GraphQL-Event-Stream-Token": "s" };
const ADD_QUERY = `mutation { addQueryToEventStream(input: { eventStreamId: "s", queryId: "q", operationSignature: {} }) }`;

/** The gateway before objects that let everybody in, and fail whatever else they are asked. */
function ask(path: string, init: RequestInit): Promise<Response> {
  const failing = new Proxy(
    { admits: async () => true },
    { get: (known, name) => Reflect.get(known, name) ?? (() => Promise.reject(new Error("The object was reset."))) },
  );
  const env = { ...DEV_BINDINGS, WORKSPACES: { getByName: () => failing } };
  return Promise.resolve(app.request(`http://127.0.0.1${path}`, init, env));
}

it.each([
  ["an inspection", `/admin/workspaces/${WORKSPACE}`, { headers: ADMIN }],
  ["an erase", `/admin/workspaces/${WORKSPACE}`, { method: "DELETE", headers: ADMIN }],
  ["a revoke", `/admin/workspaces/${WORKSPACE}/revoke`, { method: "POST", headers: ADMIN, body: '{"all":true}' }],
  ["a list of streams", `/admin/workspaces/${WORKSPACE}/streams`, { headers: ADMIN }],
  ["a reservation", "/graphql", { method: "PUT" }],
  ["the opening of a stream", "/graphql", { headers: { ...STREAM, Accept: "text/event-stream" } }],
  [
    "an operation on a stream",
    "/graphql",
    { method: "POST", headers: STREAM, body: '{"query":"{ gatewayVersion }","extensions":{"operationId":"1"}}' },
  ],
  ["the end of one", "/graphql?operationId=1", { method: "DELETE", headers: STREAM }],
])(
  "%s of a workspace that does not answer is 503 UNAVAILABLE, and logged with the workspace",
  async (_, path, init) => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const response = await ask(path, { ...init, headers: { ...(await caller()), ...(init as RequestInit).headers } });
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "UNAVAILABLE" } }] });
    const logged = {
      message: "A workspace could not be asked",
      workspaceId: WORKSPACE,
      error: "The object was reset.",
    };
    expect(warn).toHaveBeenCalledExactlyOnceWith(logged);
  },
);

it("a mutation of a workspace that does not answer fails with UNAVAILABLE", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const init = { method: "POST", headers: await caller(), body: JSON.stringify({ query: ADD_QUERY }) };
  const response = await ask("/graphql", init);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "UNAVAILABLE" } }] });
});
