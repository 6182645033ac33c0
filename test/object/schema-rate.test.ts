import { expect, it } from "vitest";
import { WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

const codesOf = (frames: readonly unknown[]) =>
  (frames as { type: string; payload?: { extensions?: { code?: string } }[] }[])
    .filter(({ type }) => type !== "complete")
    .map(({ type, payload }) => (type === "error" ? payload?.[0]?.extensions?.code : type));

it("[LIMIT-10] a document that asks for the schema counts each time, however well it is known", async () => {
  const { token } = newWorkspace();
  const socket = await WorkerdSocket.connect(await token());
  const ask = (query: string) => {
    // Places come back at five a second, so of many at once some are refused however slow the machine is.
    for (let i = 0; i < 40; i++) socket.send({ type: "subscribe", id: `${i}`, payload: { query } });
    return socket.drain();
  };
  const known = codesOf(await ask("{ gatewayVersion }"));
  expect(known).toEqual(Array(40).fill("next"));
  const schema = codesOf(await ask("query Schema { ...A } fragment A on Query { __schema { description } }"));
  expect(schema.slice(0, 4)).toEqual(Array(4).fill("next"));
  expect(schema).toContain("TOO_FAST");
});
