import { evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const LIMIT = 500;
const PER_SOCKET = 200;

/** Sockets of one caller that run as many different operations as it may. */
async function fill(token: string): Promise<WorkerdSocket[]> {
  const sockets: WorkerdSocket[] = [];
  for (let from = 0; from < LIMIT; from += PER_SOCKET) {
    const socket = await WorkerdSocket.connect(token);
    for (let i = from; i < Math.min(from + PER_SOCKET, LIMIT); i++) socket.subscribe(`${i}`, { recordId: `${i}` });
    expect(await socket.drain()).toEqual([]);
    sockets.push(socket);
  }
  return sockets;
}

async function refusalOf(socket: WorkerdSocket, recordId: string): Promise<unknown> {
  socket.subscribe(recordId, { recordId });
  const [answer] = (await socket.drain()) as { payload: { extensions: { code: string }; message: string }[] }[];
  return answer?.payload[0]?.extensions.code;
}

it("[LIMIT-32] are 500 of a caller, over all its sockets; equal ones count once, others' do not, evicted or not", async () => {
  const { stub, token } = newWorkspace();
  const mine = await token({ userId: crypto.randomUUID() });
  const [first, second] = await fill(mine);
  const last = await WorkerdSocket.connect(mine);
  const other = await WorkerdSocket.connect(await token({ userId: crypto.randomUUID() }));
  for (const evicts of [false, true]) {
    if (evicts) await evictDurableObject(stub);
    expect(await refusalOf(last, "one more")).toBe("TOO_MANY_OPERATIONS");
    expect(await refusalOf(other, evicts ? "a" : "b")).toBeUndefined();
  }
  expect(await refusalOf(last, "7")).toBeUndefined();

  // An equal operation goes on elsewhere: this makes no place.
  first?.send({ type: "complete", id: "7" });
  await first?.drain();
  expect(await refusalOf(last, "one more")).toBe("TOO_MANY_OPERATIONS");
  first?.send({ type: "complete", id: "8" });
  await first?.drain();
  await evictDurableObject(stub);
  expect(await refusalOf(last, "one more")).toBeUndefined();
  expect(await refusalOf(last, "two more")).toBe("TOO_MANY_OPERATIONS");

  second?.close();
  await expect.poll(async () => (await stub.inspect()).sockets).toBe(4);
  for (let i = 0; i < 50; i++) expect(await refusalOf(last, `new ${i}`)).toBeUndefined();
});
