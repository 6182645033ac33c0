import { messageOf } from "./core/errors.ts";
import { settingsOf } from "./core/settings.ts";
import { app } from "./edge/app.ts";
import { workspaceOf } from "./edge/edge.ts";
import { consumeBatch } from "./queue/consume.ts";

export { WorkspacePubSub } from "../durable-objects/workspace-pubsub.ts";
export { Admin } from "./publish/admin.ts";
export { Publisher } from "./publish/publisher.ts";

export default {
  fetch: app.fetch,
  async queue(batch, env) {
    if (!hasUsableSettings(env)) return batch.retryAll({ delaySeconds: BAD_SETTINGS_RETRY_SECONDS });
    await consumeBatch(batch, {
      settings: settingsOf(env),
      workspaceOf: (workspaceId) => workspaceOf(env, workspaceId),
      deadLetters: env.DEAD_LETTERS,
    });
  },
} satisfies ExportedHandler<Env>;

/**
 * So long that a message outlives its stay in the queue before it has used up its tries: past those the platform would
 * move it to the dead letters as it is, and which of its fields are secret is just what cannot be told.
 */
const BAD_SETTINGS_RETRY_SECONDS = 3600;

function hasUsableSettings(env: Env): boolean {
  try {
    settingsOf(env);
    return true;
  } catch (thrown) {
    console.error({ message: "No queue message is taken with these settings", error: messageOf(thrown) });
    return false;
  }
}
