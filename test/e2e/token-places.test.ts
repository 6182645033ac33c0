import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { personUpdated, subscribeToAll } from "./events.ts";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

describe("a raw socket receives events", () => {
  test.each([
    ["in the Authorization header", (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })],
    [
      "as a subprotocol item, before the dialect",
      (token: string) => ({ protocols: [`bearer.${token}`, "graphql-transport-ws"] }),
    ],
    [
      "as a subprotocol item, after the dialect",
      (token: string) => ({ protocols: ["graphql-transport-ws", `bearer.${token}`] }),
    ],
  ])("[AUTH-1] with the token %s", async (_, optionsFor) => {
    const workspaceId = crypto.randomUUID();
    const socket = await RawSocket.open(gateway.wsUrl, optionsFor(await gateway.token(workspaceId)));
    expect(socket.protocol).toBe("graphql-transport-ws");
    socket.send({ type: "connection_init" });
    expect(await socket.next()).toEqual({ type: "connection_ack" });
    socket.send(subscribeToAll("1"));
    await socket.drain();
    await gateway.publish(personUpdated(workspaceId, "Ada"));
    expect(await socket.next()).toMatchObject({ id: "1", type: "next", payload: { data: { onDbEvent: {} } } });
    socket.close(1000);
  });

  test.each(["authorization", "Authorization", "accessToken", "token"])(
    "[AUTH-2] with the token in connection_init as %s",
    async (name) => {
      const workspaceId = crypto.randomUUID();
      const socket = await RawSocket.open(gateway.wsUrl);
      socket.send({ type: "connection_init", payload: { [name]: await gateway.token(workspaceId) } });
      expect(await socket.next()).toEqual({ type: "connection_ack" });
      socket.close(1000);
    },
  );

  test("[CONN-1] at /metadata as well", async () => {
    const workspaceId = crypto.randomUUID();
    const url = gateway.wsUrl.replace("/graphql", "/metadata");
    const socket = await RawSocket.connect(url, await gateway.token(workspaceId));
    socket.send(subscribeToAll("1"));
    await socket.drain();
    await gateway.publish(personUpdated(workspaceId, "Ada"));
    expect(await socket.next()).toMatchObject({ id: "1", type: "next" });
    socket.close(1000);
  });
});
