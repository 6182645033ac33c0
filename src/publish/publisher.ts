import { WorkerEntrypoint } from "cloudflare:workers";
import { settingsOf } from "../core/settings.ts";
import { workspaceOf } from "../edge/edge.ts";
import { type PublishAnswer, publishMessages } from "./publish-messages.ts";

/** Publishing over a service binding: `env.GATEWAY.publish(messages)`. The binding itself is the credential. */
export class Publisher extends WorkerEntrypoint<Env> {
  /**
   * Publishes 1 to 100 messages. What it answers is durable.
   * @throws GatewayError TOO_LARGE, BAD_MESSAGE when the call as a whole cannot be taken
   */
  async publish(messages: unknown): Promise<PublishAnswer> {
    const { env } = this;
    return publishMessages(messages, {
      settings: settingsOf(env),
      source: "direct",
      workspaceOf: (workspaceId) => workspaceOf(env, workspaceId),
    });
  }
}
