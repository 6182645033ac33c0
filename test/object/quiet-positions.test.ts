import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { ON_DB_EVENT, WorkerdSocket } from "./support/workerd-socket.ts";
import { newWorkspace } from "./support/workspace.ts";

type PositionFrame = { readonly payload: { readonly position: { readonly id: string; readonly position: string } } };

/** As if so much time had passed since the last report. */
async function ageReport(stub: ReturnType<typeof newWorkspace>["stub"], byMs: number): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    const { value } = storage.sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = 'position-report'").one();
    const report = JSON.parse(value);
    storage.sql.exec(
      "UPDATE meta SET value = ? WHERE key = 'position-report'",
      JSON.stringify({ ...report, at: report.at - byMs }),
    );
  });
  await evictDurableObject(stub);
}

it("[QUIET-1] tells a subscription that receives nothing how far the log has come, before a quarter of the retention has passed", async () => {
  const workspace = newWorkspace();
  const { publish, personEvent, workspaceId } = workspace;
  const socket = await WorkerdSocket.connect(await workspace.token({ expiresInSeconds: 100_000 }));
  socket.send({
    type: "subscribe",
    id: "quiet",
    payload: {
      query: ON_DB_EVENT,
      variables: { input: { objectNameSingular: "company" } },
      extensions: { resume: {} },
    },
  });
  await socket.drain();
  await publish(personEvent("first"));
  const events = Array.from({ length: 1000 }, (_, i) => ({
    recordId: String(i),
    properties: { after: { id: String(i) } },
  }));
  const busy = () => publish({ name: "person.created", workspaceId, events });
  await busy();
  await busy();
  // Much has happened, but nothing of it is old.
  expect(await socket.drain()).toEqual([]);
  await ageReport(workspace.stub, 76_000);
  await busy();
  const [frame] = (await socket.drain()) as PositionFrame[];
  expect(frame?.payload.position.id).toBe("quiet");
  expect(frame?.payload.position.position).toMatch(/\.3001$/);
});
