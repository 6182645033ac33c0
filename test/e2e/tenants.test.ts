import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { twentySecret } from "../../src/auth/twenty-secret.ts";
import { DEV_BINDINGS } from "../support/dev-bindings.ts";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket, type RawSocketOptions } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated, recordNames, subscribeToAll } from "./events.ts";

const VICTIM = "aaaaaaaa-1111-4111-8111-111111111111";
const ATTACKER = "bbbbbbbb-2222-4222-8222-222222222222";
/** In every record of the victim, and in nothing else. */
const SECRET = "only-for-the-victim";

let gateway: RunningGateway;
/** The victim's own subscriber, under the id that attackers use as well. */
let own: RawSocket;
let attackersToken: string;
let victimsToken: string;
/** Where the victim's log stood before any attack. */
let victimsPosition: string;

beforeAll(async () => {
  gateway = await startBareGateway();
  attackersToken = await gateway.token(ATTACKER);
  victimsToken = await gateway.token(VICTIM);
  const { results } = await gateway.publish(personUpdated(VICTIM, `${SECRET} before`));
  victimsPosition = results[0] !== undefined && "position" in results[0] ? results[0].position : "";
  own = await RawSocket.connect(gateway.wsUrl, victimsToken);
  own.send(subscribeToAll("1"));
  await own.drain();
});
afterAll(() => gateway.stop());

/** How an attacker with a token of its own workspace tries to be somewhere else. */
interface Attempt {
  readonly url?: (wsUrl: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly init?: object;
  readonly subscribe?: () => object;
}

const FORGED_PRINCIPAL = encodeURIComponent(
  JSON.stringify({
    kind: "user",
    workspaceId: VICTIM,
    userId: VICTIM,
    userWorkspaceId: VICTIM,
    issuedAt: 0,
    expiresAt: 1e12,
  }),
);

const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  "nothing special, under the victim's operation id": {},
  "a query string": { url: (url) => `${url}?workspaceId=${VICTIM}&workspace=${VICTIM}&name=${VICTIM}` },
  "the other path, with a fragment of the victim": { url: (url) => `${url.replace("graphql", "metadata")}?${VICTIM}` },
  "a path through the victim": { url: (url) => url.replace("/graphql", `/${VICTIM}/../graphql`) },
  "the header that the edge writes for the object": { headers: { "X-Sluice-Principal": FORGED_PRINCIPAL } },
  "the same header in another case and twice": {
    headers: {
      "x-sluice-principal": `${FORGED_PRINCIPAL}, ${FORGED_PRINCIPAL}`,
      "X-SLUICE-PRINCIPAL": FORGED_PRINCIPAL,
    },
  },
  "headers that other gateways listen to": {
    headers: {
      "X-Workspace-Id": VICTIM,
      "X-Tenant-Id": VICTIM,
      "X-Forwarded-User": VICTIM,
      "X-Schema-Version": VICTIM,
    },
  },
  "headers of a proxy": {
    headers: {
      "X-Forwarded-Host": VICTIM,
      "X-Original-URL": `/${VICTIM}`,
      "X-Rewrite-URL": `/${VICTIM}`,
      Forwarded: VICTIM,
    },
  },
  "headers of the platform": { headers: { "CF-Worker": VICTIM, "CF-Connecting-IP": VICTIM, "MF-Route": VICTIM } },
  "a cookie with the victim's workspace": { headers: { Cookie: `workspaceId=${VICTIM}; tenant=${VICTIM}` } },
  "a subprotocol item of the victim": { protocols: ["graphql-transport-ws", VICTIM, `workspace.${VICTIM}`] },
  "a workspace in connection_init": {
    init: {
      workspaceId: VICTIM,
      workspace: { id: VICTIM },
      principal: { workspaceId: VICTIM },
      headers: { "X-Workspace-Id": VICTIM },
    },
  },
  "prototype members in connection_init": { init: JSON.parse(`{"__proto__": {"workspaceId": "${VICTIM}"}}`) as object },
  "a workspace in the variables": {
    subscribe: () => ({ query: ON_DB_EVENT, variables: { input: {}, workspaceId: VICTIM } }),
  },
  "a record of the victim by its id": {
    subscribe: () => ({ query: ON_DB_EVENT, variables: { input: { recordId: `id-${SECRET}` } } }),
  },
  "a workspace in the extensions": {
    subscribe: () => ({
      query: ON_DB_EVENT,
      variables: { input: {} },
      extensions: { workspaceId: VICTIM, principal: VICTIM },
    }),
  },
  "a position of the victim to resume from": {
    subscribe: () => ({
      query: ON_DB_EVENT,
      variables: { input: {} },
      extensions: { resume: { after: victimsPosition } },
    }),
  },
  "a position of the victim's, with the epoch's first event": {
    subscribe: () => ({
      query: ON_DB_EVENT,
      variables: { input: {} },
      extensions: { resume: { after: victimsPosition.replace(/\.\d+$/, ".0") } },
    }),
  },
  "a position made of the own tag and the victim's epoch": {
    subscribe: () => ({
      query: ON_DB_EVENT,
      variables: { input: {} },
      extensions: { resume: { after: `22222222.${victimsPosition.split(".")[1]}.0` } },
    }),
  },
};

describe.each(Object.entries(ATTEMPTS))("[AUTH-10] an attacker with %s", (_, attempt) => {
  const { url = (wsUrl) => wsUrl, headers = {}, protocols, init = {}, subscribe } = attempt;

  test.each(["handed to the object", "relayed by the edge"])(
    "gets nothing of the victim over a socket %s",
    async (how) => {
      const isHanded = how === "handed to the object";
      const authorization = isHanded ? { Authorization: `Bearer ${attackersToken}` } : {};
      const options: RawSocketOptions = { headers: { ...headers, ...authorization }, ...(protocols && { protocols }) };
      const socket = await RawSocket.open(url(gateway.wsUrl), options);
      socket.send({ type: "connection_init", payload: { ...init, ...(!isHanded && { token: attackersToken }) } });
      expect(await socket.next()).toEqual({ type: "connection_ack" });
      if (subscribe === undefined) socket.send(subscribeToAll("1"));
      else socket.send({ type: "subscribe", id: "1", payload: subscribe() });
      await socket.drain();

      const name = `${SECRET} ${crypto.randomUUID()}`;
      await gateway.publish(personUpdated(VICTIM, name));
      expect(recordNames([await own.next()])).toEqual([name]);
      await gateway.publish(personUpdated(ATTACKER, "own"));
      await socket.drain();
      socket.close(1000);
      await socket.closed;
      expect(JSON.stringify(socket.frames)).not.toContain(SECRET);
    },
  );
});

describe("a token", () => {
  const forged = {
    "whose payload was changed after signing": async () => {
      const [header, , signature] = attackersToken.split(".");
      const [, payload] = victimsToken.split(".");
      return `${header}.${payload}.${signature}`;
    },
    "of the victim's workspace, signed with the secret of the own": async () => {
      const [header, payload] = victimsToken.split(".");
      const secret = await twentySecret(DEV_BINDINGS.APP_SECRET, ATTACKER, "ACCESS");
      return `${header}.${payload}.${createHmac("sha256", secret).update(`${header}.${payload}`).digest("base64url")}`;
    },
    "of the victim's workspace, without a signature": async () => {
      const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
      return `${header}.${victimsToken.split(".")[1]}.`;
    },
    "of the victim's workspace, with the algorithm none and a signature": async () => {
      const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
      return [header, ...victimsToken.split(".").slice(1)].join(".");
    },
  };

  test.each(Object.entries(forged))("[AUTH-10] %s opens nothing", async (_, make) => {
    const socket = await RawSocket.open(gateway.wsUrl);
    socket.send({ type: "connection_init", payload: { token: await make() } });
    expect((await socket.closed).code).toBe(4403);
    expect(socket.frames).toEqual([]);
  });

  test("[AUTH-10] that spells its workspace in upper case opens the same workspace", async () => {
    const socket = await RawSocket.connect(gateway.wsUrl, await gateway.token(VICTIM.toUpperCase()));
    socket.send(subscribeToAll("1"));
    await socket.drain();
    const name = `${SECRET} ${crypto.randomUUID()}`;
    await gateway.publish(personUpdated(VICTIM, name));
    expect(recordNames([await socket.next()])).toEqual([name]);
    expect(recordNames([await own.next()])).toEqual([name]);
    socket.close(1000);
  });
});

describe("publishing", () => {
  test("[PUB-2] to a workspace in upper case reaches that workspace and no other", async () => {
    const bystander = await RawSocket.connect(gateway.wsUrl, attackersToken);
    bystander.send(subscribeToAll("1"));
    await bystander.drain();
    const name = `${SECRET} ${crypto.randomUUID()}`;
    const { results } = await gateway.publish(personUpdated(VICTIM.toUpperCase(), name));
    expect(results[0]).toMatchObject({ workspaceId: VICTIM, duplicate: false });
    expect(recordNames([await own.next()])).toEqual([name]);
    expect(await bystander.drain()).toEqual([]);
    bystander.close(1000);
  });

  test("[PUB-7] the ids of two workspaces have nothing to do with each other", async () => {
    const id = crypto.randomUUID();
    const name = `${SECRET} ${id}`;
    const { results } = await gateway.publish(
      { ...personUpdated(ATTACKER, "own"), id },
      { ...personUpdated(VICTIM, name), id },
    );
    expect(results).toMatchObject([
      { workspaceId: ATTACKER, duplicate: false },
      { workspaceId: VICTIM, duplicate: false },
    ]);
    expect(recordNames([await own.next()])).toEqual([name]);
  });

  test.each([
    ["a list", [VICTIM]],
    ["an object", { id: VICTIM }],
    ["a path", `${ATTACKER}/../${VICTIM}`],
    ["two ids", `${ATTACKER},${VICTIM}`],
    ["an id with space around it", ` ${VICTIM} `],
    ["a UUID without hyphens", VICTIM.replaceAll("-", "")],
    ["nothing", undefined],
  ])("[PUB-2] with %s for a workspace reaches nobody", async (_, workspaceId) => {
    const message = { ...personUpdated(VICTIM, SECRET), workspaceId };
    expect((await gateway.publish(message)).results).toMatchObject([{ error: { code: "BAD_MESSAGE" } }]);
    expect(await own.drain()).toEqual([]);
  });

  test("[PUB-12] on a channel that names another workspace is refused", async () => {
    const message = {
      channel: `DATABASE_EVENT_CHANNEL:${VICTIM}`,
      workspaceId: ATTACKER,
      payload: { onDbEvent: { action: "created", objectNameSingular: "person", record: { id: "1", name: SECRET } } },
    };
    expect((await gateway.publish(message)).results).toMatchObject([{ error: { code: "BAD_MESSAGE" } }]);
    expect(await own.drain()).toEqual([]);
  });
});

test("[AUTH-10] counts and positions of one workspace tell nothing of another", async () => {
  const report = JSON.stringify(await gateway.inspect(ATTACKER));
  const { epoch = "none" } = await gateway.inspect(VICTIM);
  expect(report).not.toContain(epoch);
});
