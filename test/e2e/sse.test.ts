import { createClient } from "graphql-sse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signToken } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway.stop());

interface Caller {
  readonly workspaceId: string;
  readonly token: string;
}

async function newCaller(options: object = {}): Promise<Caller> {
  const workspaceId = crypto.randomUUID();
  return { workspaceId, token: await signToken({ appSecret: DEV_BINDINGS.APP_SECRET, workspaceId, ...options }) };
}

function clientOf({ token }: Caller, onConnected: () => void = () => undefined) {
  return createClient({
    url: `${gateway.url}/metadata`,
    headers: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
    on: { connected: onConnected },
  });
}

/** The raw events of a response, as they come. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const [event = "", data = ""] = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      if (event.startsWith("event: "))
        yield { event: event.slice(7), data: JSON.parse(data.replace(/^data: ?/, "") || "null") };
    }
  }
}

function post({ token }: Caller, body: object): Promise<Response> {
  return fetch(`${gateway.url}/graphql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, Accept: "text/event-stream", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

const everything = { query: ON_DB_EVENT, variables: { input: {} } };

describe("GraphQL over SSE", () => {
  it("[SSE-1] brings events to the stock graphql-sse client, over evictions of the object", async () => {
    const caller = await newCaller();
    const client = clientOf(caller);
    const subscription = client.iterate(everything);
    const first = subscription.next();
    await gateway.until(caller.workspaceId, "the subscription", ({ operations }) => operations === 1);
    await gateway.evict(caller.workspaceId);
    await gateway.publish(personUpdated(caller.workspaceId, "ada"));
    expect(await first).toMatchObject({ value: { data: { onDbEvent: { record: { name: "ada" } } } } });
    await subscription.return?.();
    client.dispose();
  });

  it("[SSE-2] answers a query with its one next and complete, and a failed subscribe with its errors and complete", async () => {
    const caller = await newCaller();
    const read = async (body: object) => Array.fromAsync(eventsOf(await post(caller, body)));
    expect(await read({ query: "{ __typename }" })).toEqual([
      { event: "next", data: { data: { __typename: "Query" } } },
      { event: "complete", data: null },
    ]);
    expect(await read({ query: "subscription { nothing }" })).toMatchObject([
      { event: "next", data: { errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }] } },
      { event: "complete", data: null },
    ]);
  });

  it("[SSE-3] tells positions where the operation asked for them, resumes, and tells a gap", async () => {
    const caller = await newCaller();
    const events = eventsOf(await post(caller, { ...everything, extensions: { resume: {} } }));
    const live = (await events.next()).value?.data as { data: null; extensions: { position: string } };
    expect(live).toEqual({ data: null, extensions: { position: expect.any(String) } });
    await events.return(undefined);
    await gateway.publish(personUpdated(caller.workspaceId, "ada"), personUpdated(caller.workspaceId, "grace"));

    const resumed = eventsOf(
      await post(caller, { ...everything, extensions: { resume: { after: live.extensions.position } } }),
    );
    const replayed = [(await resumed.next()).value, (await resumed.next()).value, (await resumed.next()).value];
    expect(replayed).toMatchObject([
      { data: { data: { onDbEvent: { record: { name: "ada" } } }, extensions: { position: expect.any(String) } } },
      { data: { data: { onDbEvent: { record: { name: "grace" } } } } },
      { data: { data: null, extensions: { position: expect.any(String) } } },
    ]);
    await resumed.return(undefined);

    const ahead = live.extensions.position.replace(/\d+$/, "99");
    const gap = eventsOf(await post(caller, { ...everything, extensions: { resume: { after: ahead } } }));
    expect((await gap.next()).value?.data).toMatchObject({ data: null, extensions: { gap: true } });
    await gap.return(undefined);
  });

  it("[SSE-4] just ends at expiry and at a revoke, and refuses the revoked token with 401", async () => {
    const brief = await newCaller({ expiresInSeconds: 3 });
    expect(await Array.fromAsync(eventsOf(await post(brief, everything)))).toEqual([]);

    const revoked = await newCaller();
    const response = await post(revoked, everything);
    await gateway.until(revoked.workspaceId, "the subscription", ({ operations }) => operations === 1);
    const answer = await fetch(`${gateway.url}/admin/workspaces/${revoked.workspaceId}/revoke`, {
      method: "POST",
      headers: { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` },
      body: JSON.stringify({ all: true }),
    });
    expect(await answer.json()).toEqual({ closed: 1 });
    await gateway.publish(personUpdated(revoked.workspaceId, "ada"));
    expect(await Array.fromAsync(eventsOf(response))).toEqual([]);
    expect((await post(revoked, everything)).status).toBe(401);
  });

  it("[SSE-5] ends the operation when its client goes", async () => {
    const caller = await newCaller();
    const abort = new AbortController();
    const response = await fetch(
      `${gateway.url}/graphql?query=${encodeURIComponent("subscription { onDbEvent(input: {}) { action } }")}`,
      {
        headers: { Authorization: `Bearer ${caller.token}`, Accept: "text/event-stream" },
        signal: abort.signal,
      },
    );
    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    await gateway.until(caller.workspaceId, "the subscription", ({ operations }) => operations === 1);
    abort.abort();
    // It shows at a write after the connection is known to be gone.
    for (let isGone = false; !isGone; ) {
      await gateway.publish(personUpdated(caller.workspaceId, "ada"));
      isGone = (await gateway.inspect(caller.workspaceId)).operations === 0;
    }
  });

  it("[SSE-9] runs a mutation that comes by POST, and answers one by GET with 405", async () => {
    const caller = await newCaller();
    const query = 'mutation { removeQueryFromEventStream(input: { eventStreamId: "none", queryId: "q" }) }';
    expect(await Array.fromAsync(eventsOf(await post(caller, { query })))).toEqual([
      { event: "next", data: { data: { removeQueryFromEventStream: false } } },
      { event: "complete", data: null },
    ]);
    const get = (document: string) =>
      fetch(`${gateway.url}/graphql?${new URLSearchParams({ query: document, operationName: "A" })}`, {
        headers: { Authorization: `Bearer ${caller.token}`, Accept: "text/event-stream" },
      });
    const refused = await get(`${query.replace("mutation", "mutation A")} query B { gatewayVersion }`);
    expect(refused.headers.get("Allow")).toBe("POST");
    expect(refused.status).toBe(405);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: "METHOD_NOT_ALLOWED" } }] });
    const accepted = await get(`${query.replace("mutation", "mutation B")} query A { gatewayVersion }`);
    expect(await Array.fromAsync(eventsOf(accepted))).toHaveLength(2);
  });

  it("[SSE-6] refuses a request without a token, and one that holds no operation", async () => {
    const caller = await newCaller();
    expect((await post({ ...caller, token: "x" }, everything)).status).toBe(401);
    for (const body of [{}, { query: 1 }, { query: "{ __typename }", variables: [] }, []]) {
      expect((await post(caller, body)).status, JSON.stringify(body)).toBe(400);
    }
  });
});
