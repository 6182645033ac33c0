import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket, type RawSocketOptions, UpgradeRefused } from "../support/raw-socket.ts";

const OWN = crypto.randomUUID();
const OTHER = crypto.randomUUID();

let gateway: RunningGateway;
let closed: RunningGateway;
beforeAll(async () => {
  const CHANNEL_SECRETS = `dev-all,dev-own:${OWN}, dev-other:${OTHER.toUpperCase()} `;
  [gateway, closed] = await Promise.all([
    startBareGateway({
      CHANNEL_SECRETS,
      MAX_SERVER_SOCKETS_PER_WORKSPACE: "2",
      ALLOWED_ORIGINS: "https://app.example.com",
    }),
    startBareGateway({ CHANNEL_SECRETS: "" }),
  ]);
});
afterAll(() => Promise.all([gateway.stop(), closed.stop()]));

const bearer = (secret: string) => ({ Authorization: `Bearer ${secret}` });
const open = (workspaceId: string, options: RawSocketOptions = {}, at = gateway) =>
  RawSocket.open(`${at.url.replace("http", "ws")}/channels/${workspaceId}`, options);

async function refusal(workspaceId: string, options: RawSocketOptions = {}, at = gateway): Promise<string> {
  try {
    await open(workspaceId, options, at);
  } catch (thrown) {
    if (!(thrown instanceof UpgradeRefused)) throw thrown;
    const { errors } = JSON.parse(thrown.body) as { errors: [{ extensions: { code: string } }] };
    return `${thrown.status} ${errors[0].extensions.code}`;
  }
  return "opened";
}

describe("the secret", () => {
  it("[CHAN-1] opens a socket in the header alone: none is 401, a wrong one 403", async () => {
    expect(await refusal(crypto.randomUUID(), { headers: bearer("dev-all") })).toBe("opened");
    expect(await refusal(OWN)).toBe("401 UNAUTHENTICATED");
    for (const wrong of ["dev-al", "dev-all2", `dev-own:${OWN}`, "dev-publisher-secret", "dev-admin-secret"]) {
      expect(await refusal(OWN, { headers: bearer(wrong) })).toBe("403 FORBIDDEN");
    }
    expect(await refusal(OWN, { headers: { Authorization: "dev-all" } })).toBe("403 FORBIDDEN");
    expect(await refusal(OWN, { headers: bearer(await gateway.token(OWN)) })).toBe("403 FORBIDDEN");
  });

  it("[CHAN-1] does not exist where the list is empty", async () => {
    for (const secret of ["x", "dev-all", "dev-channel-secret"]) {
      expect(await refusal(OWN, { headers: bearer(secret) }, closed)).toBe("403 FORBIDDEN");
    }
  });

  it("[CHAN-2] of one workspace opens that one alone", async () => {
    expect(await refusal(OWN, { headers: bearer("dev-own") })).toBe("opened");
    expect(await refusal(OTHER, { headers: bearer("dev-other") })).toBe("opened");
    for (const workspaceId of [OTHER, crypto.randomUUID(), "none"]) {
      expect(await refusal(workspaceId, { headers: bearer("dev-own") })).toBe("403 FORBIDDEN");
    }
  });

  it("[CHAN-3] is not looked at anywhere else", async () => {
    const protocols = ["graphql-transport-ws", "bearer.dev-all"];
    expect(await refusal(OWN, { protocols })).toBe("401 UNAUTHENTICATED");
    expect(await refusal(`${OWN}?token=dev-all&secret=dev-all`)).toBe("401 UNAUTHENTICATED");
    expect(await refusal(OWN, { headers: { Cookie: "tokenPair=dev-all" } })).toBe("401 UNAUTHENTICATED");
  });
});

describe("the door", () => {
  it("[CHAN-4] speaks graphql-transport-ws, with or without batches, and nothing else", async () => {
    const headers = bearer("dev-all");
    const batching = await open(crypto.randomUUID(), {
      headers,
      protocols: ["graphql-transport-ws", "graphql-transport-ws.batch"],
    });
    expect(batching.protocol).toBe("graphql-transport-ws.batch");
    for (const protocols of [["graphql-ws"], ["soap", "graphql-ws"], ["soap"]]) {
      const socket = await open(crypto.randomUUID(), { headers, protocols });
      expect(await socket.closed).toEqual({ code: 4406, reason: "Subprotocol not acceptable" });
    }
  });

  it("[CHAN-4] answers what is no upgrade, no workspace or another method", async () => {
    const ask = async (path: string, method: string, headers: Record<string, string>) => {
      const { status } = await fetch(`${gateway.url}/channels/${path}`, { method, headers });
      return status;
    };
    expect(await ask(OWN, "GET", bearer("dev-all"))).toBe(400);
    expect(await ask("none", "GET", bearer("dev-all"))).toBe(400);
    expect(await ask("none", "GET", {})).toBe(401);
    expect(await ask(OWN, "POST", bearer("dev-all"))).toBe(405);
    expect(await ask(`${OWN}/more`, "GET", bearer("dev-all"))).toBe(404);
  });

  it("[HTTP-9] answers no CORS", async () => {
    for (const method of ["OPTIONS", "GET"]) {
      const headers = { ...bearer("dev-all"), Origin: "https://app.example.com" };
      const response = await fetch(`${gateway.url}/channels/${OWN}`, { method, headers });
      expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  it("[LIMIT-38] lets MAX_SERVER_SOCKETS_PER_WORKSPACE in", async () => {
    const workspaceId = crypto.randomUUID();
    const headers = bearer("dev-all");
    const sockets = [await open(workspaceId, { headers }), await open(workspaceId, { headers })];
    const third = await open(workspaceId, { headers });
    const reason = "A caller may hold 2 sockets (MAX_SERVER_SOCKETS_PER_WORKSPACE)";
    expect(await third.closed).toEqual({ code: 1013, reason });
    const client = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
    expect(client.isClosed).toBe(false);
    expect(sockets.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  });
});
