import { env } from "cloudflare:workers";
import { signToken } from "../../../scripts/lib/sign-token.ts";
import { settingsOf } from "../../../src/core/settings.ts";
import { publishMessages } from "../../../src/publish/publish-messages.ts";
import { consumeBatch } from "../../../src/queue/consume.ts";
import { decodeQueueBody } from "../../../src/queue/decode.ts";
import { DEV_BINDINGS } from "../../support/dev-bindings.ts";
import { FakeQueueBatch } from "../../support/fake-queue-batch.ts";

/** A workspace of its own for each test. */
export function newWorkspace() {
  const workspaceId = crypto.randomUUID();
  const door = { settings: settingsOf(env), workspaceOf: (id: string) => env.WORKSPACES.getByName(id) };
  const send = async (...messages: object[]) =>
    (await publishMessages(messages, { ...door, source: "direct" })).results;
  return {
    workspaceId,
    // A new one each time: a stub stays broken after an abort.
    get stub() {
      return env.WORKSPACES.getByName(workspaceId);
    },
    token: (options: Partial<Parameters<typeof signToken>[0]> = {}) =>
      signToken({ appSecret: DEV_BINDINGS.APP_SECRET, workspaceId, ...options }),
    send,
    /** Brings messages as the queue does, in bodies of either kind. */
    sendFromQueue: async (...bodies: object[]) =>
      (await publishMessages(bodies, { ...door, source: "queue", unwrap: decodeQueueBody })).results,
    /** Delivers a batch of the queue; says what became of each of its messages. */
    deliverFromQueue: async (...bodies: object[]) => {
      const batch = new FakeQueueBatch(bodies);
      await consumeBatch(batch, { ...door, deadLetters: { send: async () => undefined } });
      return batch.settled;
    },
    /** Publishes messages that must all be taken. */
    publish: async (...messages: object[]) => {
      const results = await send(...messages);
      const refused = results.find((result) => "error" in result);
      if (refused !== undefined) throw new Error(`Not published: ${JSON.stringify(refused)}`);
      return results;
    },
    personEvent: (name: string, changes: object = {}) => personEvent(workspaceId, name, changes),
  };
}

/** A `person.updated` batch of one event. */
export function personEvent(workspaceId: string, name: string, changes: object = {}) {
  const record = { id: `person-${name}`, name };
  const properties = { updatedFields: ["name"], before: { ...record, name: "" }, after: record };
  return { name: "person.updated", workspaceId, events: [{ recordId: record.id, properties }], ...changes };
}
