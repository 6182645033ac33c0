import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";

const NEED_FLAGS = [
  "serverlessFunctionLogs(input: {}) { logs }",
  "logicFunctionLogs(input: {}) { logs }",
  'onAgentChatEvent(threadId: "7f1b8c1e-93a4-4d5f-8a37-0f1a5d3c2b10") { event }',
  "eventLogsLive(table: WORKSPACE_EVENT) { event }",
];

let open: RunningGateway;
let required: RunningGateway;

beforeAll(async () => {
  open = await startBareGateway();
  required = await startBareGateway({ PERMISSIONS: "required" });
});

afterAll(() => Promise.all([open.stop(), required.stop()]));

async function answersOf(gateway: RunningGateway): Promise<unknown[]> {
  const workspaceId = crypto.randomUUID();
  const socket = await RawSocket.connect(gateway.wsUrl, await gateway.token(workspaceId));
  for (const [i, field] of NEED_FLAGS.entries()) socket.subscribe(`${i}`, `subscription { ${field} }`);
  const frames = await socket.drain();
  const { operations } = await gateway.inspect(workspaceId);
  socket.close();
  return [operations, ...frames.filter(({ type }) => type === "error")];
}

it("[FLAG-1] [FLAG-2] what needs a flag is FORBIDDEN without a snapshot where one is required, and open where it is not", async () => {
  expect(await answersOf(open)).toEqual([NEED_FLAGS.length]);
  const forbidden = NEED_FLAGS.map((_, i) => ({
    type: "error",
    id: `${i}`,
    payload: [{ message: expect.stringContaining("permission flag"), extensions: { code: "FORBIDDEN" } }],
  }));
  expect(await answersOf(required)).toMatchObject([0, ...forbidden]);
});
