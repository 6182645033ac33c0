import { evictDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { parseRevocation } from "../../src/core/revocation.ts";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const [USER_A, USER_B, KEY_A, KEY_B, APPLICATION] = [1, 2, 3, 4, 5].map(
  (n) => `00000000-0000-4000-8000-00000000000${n}`,
) as [string, string, string, string, string];

describe("refresh", () => {
  it("[REFRESH-1] takes a token of the same caller, answers with its expiry, and touches no subscription", async () => {
    const { stub, token, publish, personEvent } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token({ expiresInSeconds: 100 }));
    socket.subscribe("1");
    await socket.drain();
    const newer = await token({ expiresInSeconds: 2000 });
    socket.send({ type: "ping", payload: { accessToken: newer } });
    const { exp } = JSON.parse(atob(newer.split(".")[1] ?? "")) as { exp: number };
    expect(await socket.next()).toEqual({ type: "pong", payload: { tokenExpiresAt: exp * 1000 } });
    await evictDurableObject(stub);
    await publish(personEvent("ada"));
    expect(await socket.next()).toMatchObject({ id: "1", type: "next" });
  });

  it("[REFRESH-2] looks at one token per 5 s, and answers further ones with the expiry that holds", async () => {
    const { token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token({ expiresInSeconds: 100 }));
    socket.send({ type: "ping", payload: { accessToken: await token({ expiresInSeconds: 1000 }) } });
    const first = await socket.next();
    socket.send({ type: "ping", payload: { accessToken: await token({ expiresInSeconds: 2000 }) } });
    expect(await socket.next()).toEqual(first);
  });

  it.each<[string, object, object]>([
    ["another user", {}, { userId: USER_B }],
    ["another workspace", {}, { workspaceId: USER_B }],
    ["another API key of the workspace", { type: "API_KEY", apiKeyId: KEY_A }, { type: "API_KEY", apiKeyId: KEY_B }],
    [
      "another kind of caller",
      { type: "APPLICATION_ACCESS", applicationId: APPLICATION },
      { type: "API_KEY", apiKeyId: KEY_A },
    ],
    [
      "an application without its user",
      { type: "APPLICATION_ACCESS", applicationId: APPLICATION, userId: USER_A },
      { type: "APPLICATION_ACCESS", applicationId: APPLICATION },
    ],
    ["a token that has expired", {}, { expiresInSeconds: -1 }],
  ])("[REFRESH-3] closes 4403 for a token of %s", async (_, mine, theirs) => {
    const { token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token(mine));
    const other = await token(theirs);
    socket.send({ type: "ping", payload: { accessToken: other } });
    const { code, reason } = await socket.untilClosed();
    expect(code).toBe(4403);
    expect(other).not.toContain(reason);
  });

  it("[REFRESH-4] never echoes a token, whatever its shape", async () => {
    const { token } = newWorkspace();
    const socket = await WorkerdSocket.connect(await token());
    socket.send({ type: "ping", payload: { accessToken: ["secret"] } });
    expect(await socket.next()).toEqual({ type: "pong" });
  });
});

describe("revoke", () => {
  async function open(workspace: ReturnType<typeof newWorkspace>, options: object): Promise<WorkerdSocket> {
    const socket = await WorkerdSocket.connect(await workspace.token(options));
    socket.subscribe("1");
    await socket.drain();
    return socket;
  }

  const userWorkspaceOf = (token: string) =>
    (JSON.parse(atob(token.split(".")[1] ?? "")) as { userWorkspaceId: string }).userWorkspaceId;

  it("[REVOKE-1] closes the sockets of the revoked, sends them nothing afterwards, and leaves the others", async () => {
    const workspace = newWorkspace();
    const [revoked, other] = [await open(workspace, { userId: USER_A }), await open(workspace, { userId: USER_B })];
    expect(await workspace.stub.revoke(parseRevocation({ userId: USER_A }, Date.now()))).toEqual({ closed: 1 });
    await workspace.publish(workspace.personEvent("ada"));
    expect(await revoked.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    expect(revoked.take()).toEqual([]);
    expect(await other.next()).toMatchObject({ type: "next" });
  });

  it("[REVOKE-2] refuses the old token for good, over evictions, at the upgrade, connection_init, the refresh and over HTTP; a new one works", async () => {
    const workspace = newWorkspace();
    const old = await workspace.token({ userId: USER_A });
    const newer = await workspace.token({ userId: USER_A, now: Date.now() + 1500 });
    await workspace.stub.revoke(parseRevocation({ userWorkspaceId: userWorkspaceOf(old) }, Date.now()));
    await evictDurableObject(workspace.stub);
    const refused = await WorkerdSocket.open(old);
    expect(await refused.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    const relayed = await WorkerdSocket.open(undefined);
    relayed.send({ type: "connection_init", payload: { authorization: `Bearer ${old}` } });
    expect(await relayed.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    const fresh = await WorkerdSocket.connect(newer);
    fresh.send({ type: "ping", payload: { accessToken: old } });
    expect(await fresh.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    const http = await fetchGraphql(old);
    expect([http.status, (await fetchGraphql(newer)).status]).toEqual([401, 200]);
  });

  it("[REVOKE-6] reaches a token in use that an issuer ahead of our clock dated later, and it stays refused", async () => {
    const workspace = newWorkspace();
    const ahead = await workspace.token({ userId: USER_A, now: Date.now() + 30_000 });
    const socket = await WorkerdSocket.connect(ahead);
    const { closed } = await workspace.stub.revoke(parseRevocation({ userId: USER_A }, Date.now()));
    expect([closed, await socket.untilClosed()]).toEqual([1, { code: 4403, reason: "Revoked" }]);
    expect(await (await WorkerdSocket.open(ahead)).untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
  });

  it("[ADMIN-6] an erase reaches such a token, too", async () => {
    const workspace = newWorkspace();
    const ahead = await workspace.token({ now: Date.now() + 30_000 });
    const socket = await WorkerdSocket.connect(ahead);
    await workspace.stub.erase();
    expect(await socket.untilClosed()).toEqual({ code: 4403, reason: "Workspace erased" });
    expect(await (await WorkerdSocket.open(ahead)).untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
  });

  it("[REVOKE-7] outlives the workspace's erasure, under its own name and as far ahead as it reached", async () => {
    const workspace = newWorkspace();
    const now = Date.now();
    const revoke = { userId: USER_A, before: Math.floor(now / 1000) + 3_600 };
    await workspace.stub.revoke(parseRevocation(revoke, now));
    await workspace.stub.erase();
    const later = { now: now + 2_000 };
    const refused = await WorkerdSocket.open(await workspace.token({ userId: USER_A, ...later }));
    expect(await refused.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
    // Nobody else pays for it.
    await WorkerdSocket.connect(await workspace.token({ userId: USER_B, ...later }));
    const old = await WorkerdSocket.open(await workspace.token({ userId: USER_B, now: now - 60_000 }));
    expect(await old.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
  });

  it.each<[string, object, object, boolean]>([
    ["a user by an API key", { type: "API_KEY", apiKeyId: KEY_A }, { apiKeyId: KEY_A }, true],
    ["one API key by another", { type: "API_KEY", apiKeyId: KEY_A }, { apiKeyId: KEY_B }, false],
    [
      "an application",
      { type: "APPLICATION_ACCESS", applicationId: APPLICATION },
      { applicationId: APPLICATION },
      true,
    ],
    [
      "an application that acts for a user",
      { type: "APPLICATION_ACCESS", applicationId: APPLICATION, userId: USER_A },
      { userId: USER_A },
      true,
    ],
    ["everybody, API keys included", { type: "API_KEY", apiKeyId: KEY_A }, { all: true }, true],
    ["one of several alternatives", { userId: USER_A }, { apiKeyId: KEY_A, userId: USER_A }, true],
    ["tokens issued later than `before`", { userId: USER_A }, { userId: USER_A, before: 1000 }, false],
  ])("[REVOKE-3] %s", async (_, options, revocation, isClosed) => {
    const workspace = newWorkspace();
    const socket = await open(workspace, options);
    const { closed } = await workspace.stub.revoke(parseRevocation(revocation, Date.now()));
    expect(closed).toBe(isClosed ? 1 : 0);
    if (isClosed) expect(await socket.untilClosed()).toMatchObject({ code: 4403 });
    else expect(await socket.drain()).toEqual([]);
  });

  it("[REVOKE-4] matches whoever acts as somebody else by either name", async () => {
    const workspace = newWorkspace();
    const impersonatorUserWorkspaceId = USER_B;
    const plain = await workspace.token({ userId: USER_A });
    const claims = {
      isImpersonating: true,
      impersonatorUserWorkspaceId,
      impersonatedUserWorkspaceId: userWorkspaceOf(plain),
    };
    const socket = await open(workspace, { userId: USER_A, claims });
    await workspace.stub.revoke(parseRevocation({ userWorkspaceId: impersonatorUserWorkspaceId }, Date.now()));
    expect(await socket.untilClosed()).toEqual({ code: 4403, reason: "Revoked" });
  });

  it("[REVOKE-5] says what is wrong with a request", () => {
    for (const input of [
      null,
      [],
      {},
      { userId: "x" },
      { all: "yes" },
      { all: false },
      { userId: USER_A, before: "now" },
      { userId: USER_A, before: -1 },
    ]) {
      expect(() => parseRevocation(input, 0), JSON.stringify(input)).toThrow(
        expect.objectContaining({ code: "BAD_REQUEST" }),
      );
    }
  });
});

async function fetchGraphql(token: string): Promise<Response> {
  return exports.default.fetch("http://127.0.0.1/graphql?query={gatewayVersion}", {
    headers: { Authorization: `Bearer ${token}` },
  });
}
