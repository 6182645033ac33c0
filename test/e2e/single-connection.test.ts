import { createClient } from "graphql-sse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { ON_DB_EVENT, personUpdated } from "./events.ts";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ settings: { SSE_RESERVATION_SECONDS: "2" } });
});

afterAll(() => gateway.stop());

interface Caller {
  readonly workspaceId: string;
  readonly token: string;
}

async function newCaller(workspaceId: string = crypto.randomUUID()): Promise<Caller> {
  const userWorkspaceId = crypto.randomUUID();
  return { workspaceId, token: await gateway.token(workspaceId, { userWorkspaceId }) };
}

interface Asked {
  readonly stream?: string;
  readonly query?: string;
  readonly accept?: string;
  readonly body?: object;
}

function ask({ token }: Caller, method: string, { stream, query = "", accept = "*/*", body }: Asked = {}) {
  return fetch(`${gateway.url}/graphql${query}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: accept,
      "Content-Type": "application/json",
      ...(stream !== undefined && { "X-GraphQL-Event-Stream-Token": stream }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function reserve(caller: Caller): Promise<string> {
  return (await ask(caller, "PUT")).text();
}

function open(caller: Caller, stream: string): Promise<Response> {
  return ask(caller, "GET", { stream, accept: "text/event-stream" });
}

function start(caller: Caller, stream: string, operationId: unknown, rest: object = everything) {
  return ask(caller, "POST", { stream, body: { ...rest, extensions: { operationId } } });
}

async function errorOf(response: Response) {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return { status: response.status, code: errors[0]?.extensions.code };
}

/** The events of a stream as they come. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const [event = "", data = ""] = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      if (event.startsWith("event: ")) yield { event: event.slice(7), data: JSON.parse(data.slice(6)) };
    }
  }
}

const everything = { query: ON_DB_EVENT, variables: { input: {} } };
const notFound = { status: 404, code: "NOT_FOUND" };

describe("graphql-sse's single connection mode", () => {
  it("[SSE-10] brings the events of several operations to the stock client over one stream, over evictions of the object", async () => {
    const caller = await newCaller();
    const client = createClient({
      singleConnection: true,
      url: `${gateway.url}/metadata`,
      headers: { Authorization: `Bearer ${caller.token}` },
      retryAttempts: 0,
    });
    const version = client.iterate({ query: "{ gatewayVersion }" });
    const all = client.iterate(everything);
    const created = client.iterate({ ...everything, variables: { input: { action: "CREATED" } } });
    const results = [all.next(), created.next()] as const;
    expect(await version.next()).toMatchObject({ value: { data: { gatewayVersion: expect.any(String) } } });
    expect(await version.next()).toMatchObject({ done: true });
    await gateway.until(caller.workspaceId, "both", ({ operations, sockets }) => operations === 2 && sockets === 1);
    await gateway.evict(caller.workspaceId);
    await gateway.publish(personUpdated(caller.workspaceId, "ada"));
    expect(await results[0]).toMatchObject({ value: { data: { onDbEvent: { record: { name: "ada" } } } } });
    await all.return?.();
    await gateway.until(caller.workspaceId, "one to end", ({ operations }) => operations === 1);
    const late = client.iterate({ query: "{ __typename }" });
    expect(await late.next()).toMatchObject({ value: { data: { __typename: "Query" } } });
    expect(await late.next()).toMatchObject({ done: true });
    await created.return?.();
    await gateway.until(caller.workspaceId, "the other to end", ({ operations }) => operations === 0);
    expect(await results[1]).toMatchObject({ done: true });
    client.dispose();
  });

  it("[SSE-11] [SSE-12] [SSE-13] a stream is reserved, opened once, and carries what operations bring, under their ids", async () => {
    const caller = await newCaller();
    const reserved = await ask(caller, "PUT");
    expect(reserved.status).toBe(201);
    expect(reserved.headers.get("Content-Type")).toMatch(/^text\/plain/);
    const stream = await reserved.text();
    expect(stream).toMatch(/^[\da-f]{32}$/);
    expect(await errorOf(await start(caller, stream, "early"))).toEqual(notFound);

    const query = `?token=${stream}`;
    const response = await ask(caller, "GET", { query, accept: "text/event-stream" });
    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    const events = eventsOf(response);
    expect(await errorOf(await open(caller, stream))).toEqual(notFound);

    const id = 'a","type":"next","payload":"ü';
    const started = await ask(caller, "POST", {
      query,
      body: { ...everything, extensions: { operationId: id, resume: {} } },
    });
    expect([started.status, await started.text()]).toEqual([202, ""]);
    const position = { position: expect.any(String) };
    expect((await events.next()).value).toEqual({
      event: "next",
      data: { id, payload: { data: null, extensions: position } },
    });
    await gateway.publish(personUpdated(caller.workspaceId, "ada"));
    expect((await events.next()).value).toEqual({
      event: "next",
      data: { id, payload: { data: { onDbEvent: expect.anything() }, extensions: position } },
    });
    expect(await errorOf(await start(caller, stream, id))).toEqual({ status: 409, code: "ID_REUSED" });

    expect((await start(caller, stream, "wrong", { query: "{ nothing }" })).status).toBe(202);
    expect([(await events.next()).value, (await events.next()).value]).toMatchObject([
      { data: { id: "wrong", payload: { errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }] } } },
      { event: "complete", data: { id: "wrong" } },
    ]);

    const stop = (operationId: string) =>
      ask(caller, "DELETE", { stream, query: `?${new URLSearchParams({ operationId })}` });
    expect((await stop(id)).status).toBe(200);
    expect((await stop("none")).status).toBe(200);
    expect((await gateway.inspect(caller.workspaceId)).operations).toBe(0);
    expect((await start(caller, stream, id)).status).toBe(202);
    await events.return(undefined);
  });

  it("[SSE-12] what the object would close the stream for is refused before", async () => {
    const caller = await newCaller();
    const stream = await reserve(caller);
    const events = eventsOf(await open(caller, stream));
    for (const operationId of [undefined, 1, "", "x".repeat(129)]) {
      expect(await errorOf(await start(caller, stream, operationId))).toEqual({ status: 400, code: "BAD_REQUEST" });
    }
    const padded = { query: `{ __typename } #${"x".repeat(262_144)}` };
    expect(await errorOf(await start(caller, stream, "1", padded))).toEqual({ status: 413, code: "TOO_LARGE" });
    const deep = JSON.parse(`${'{"x":'.repeat(63)}{}${"}".repeat(63)}`) as object;
    for (const variables of [deep, (deep as { x: object }).x]) {
      const response = await start(caller, stream, "1", { query: "{ __typename }", variables });
      expect(await errorOf(response)).toEqual({ status: 400, code: "BAD_MESSAGE" });
    }
    expect((await ask(caller, "DELETE", { query: "?operationId=1" })).status).toBe(400);
    expect((await ask(caller, "DELETE", { stream })).status).toBe(400);
    expect((await start(caller, stream, "x".repeat(128), { query: "{ __typename }" })).status).toBe(202);
    expect((await events.next()).value).toMatchObject({ data: { id: "x".repeat(128) } });
    await events.return(undefined);
  });

  it("[SSE-14] is 404 to every other caller, and 401 without a token", async () => {
    const caller = await newCaller();
    const other = await newCaller(caller.workspaceId);
    const stream = await reserve(caller);
    expect(await errorOf(await open(other, stream))).toEqual(notFound);
    const events = eventsOf(await open(caller, stream));
    expect(await errorOf(await start(other, stream, "1"))).toEqual(notFound);
    expect(await errorOf(await ask(other, "DELETE", { stream, query: "?operationId=1" }))).toEqual(notFound);
    for (const [method, accept] of [
      ["PUT", "*/*"],
      ["GET", "text/event-stream"],
      ["POST", "*/*"],
      ["DELETE", "*/*"],
    ] as const) {
      expect((await ask({ ...caller, token: "x" }, method, { stream, accept })).status, method).toBe(401);
    }
    await events.return(undefined);
  });

  it("[SSE-11] a reservation that is not used lives SSE_RESERVATION_SECONDS", async () => {
    const caller = await newCaller();
    const stream = await reserve(caller);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await errorOf(await open(caller, stream))).toEqual(notFound);
  });

  it("[SSE-15] a caller may hold 10 reservations, the oldest gives way", async () => {
    const caller = await newCaller();
    const reserved: string[] = [];
    for (let count = 0; count < 11; count++) reserved.push(await reserve(caller));
    const [oldest = "", second = ""] = reserved;
    expect(await errorOf(await open(caller, oldest))).toEqual(notFound);
    const response = await open(caller, second);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  it("[SSE-4] the stream ends at a revoke, and requests are refused then", async () => {
    const caller = await newCaller();
    const stream = await reserve(caller);
    const response = await open(caller, stream);
    expect((await start(caller, stream, "1")).status).toBe(202);
    await fetch(`${gateway.url}/admin/workspaces/${caller.workspaceId}/revoke`, {
      method: "POST",
      headers: { Authorization: `Bearer ${DEV_BINDINGS.ADMIN_SECRETS}` },
      body: JSON.stringify({ all: true }),
    });
    expect(await Array.fromAsync(eventsOf(response))).toEqual([]);
    expect((await start(caller, stream, "2")).status).toBe(401);
  });
});
