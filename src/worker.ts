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
    await consumeBatch(batch, {
      settings: settingsOf(env),
      workspaceOf: (workspaceId) => workspaceOf(env, workspaceId),
      deadLetters: env.DEAD_LETTERS,
    });
  },
} satisfies ExportedHandler<Env>;
