import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated, recordNames } from "./events.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway({ MAX_SOCKETS_PER_WORKSPACE: "2", MAX_REPLAY_BYTES_PER_MINUTE: "1024" });
});
afterAll(() => gateway.stop());

test("[LIMIT-20] sockets of a workspace past its limit are closed 1013, and places come back", async () => {
  const workspaceId = crypto.randomUUID();
  const tokenOfSomebody = () => gateway.token(workspaceId, { userId: crypto.randomUUID() });
  for (let round = 0; round < 3; round++) {
    const sockets = [
      await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody()),
      await RawSocket.connectRelayed(gateway.wsUrl, await tokenOfSomebody()),
    ];
    const headers = { Authorization: `Bearer ${await tokenOfSomebody()}` };
    const refused = await RawSocket.open(gateway.wsUrl, { headers });
    const reason = "A workspace may hold 2 sockets (MAX_SOCKETS_PER_WORKSPACE)";
    expect(await refused.closed).toEqual({ code: 1013, reason });
    await RawSocket.connect(gateway.wsUrl, await gateway.token(crypto.randomUUID()));
    for (const socket of sockets) socket.close();
    await gateway.until(workspaceId, "both to be gone", (report) => report.sockets === 0);
  }
});

test("[LIMIT-28] a socket that is replayed too much in a minute is closed 1013", async () => {
  const workspaceId = crypto.randomUUID();
  const { results } = await gateway.publish(
    ...Array.from({ length: 20 }, (_, i) => personUpdated(workspaceId, String(i))),
  );
  const positions = results.map((result) => ("position" in result ? result.position : ""));
  const replayFrom = (id: string, after: string | undefined) => ({
    type: "subscribe",
    id,
    payload: { query: ON_DB_EVENT, variables: { input: {} }, extensions: { resume: { after } } },
  });
  const socket = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
  socket.send(replayFrom("little", positions.at(-2)));
  expect(recordNames([await socket.next()])).toEqual(["19"]);
  expect(await socket.drain()).toHaveLength(1);
  socket.send(replayFrom("much", positions.at(0)));
  expect(await socket.closed).toMatchObject({
    code: 1013,
    reason: expect.stringContaining("MAX_REPLAY_BYTES_PER_MINUTE"),
  });
});
