import type { MessageRules } from "../core/pubsub/message-rules.ts";
import type { PublishSource } from "../core/pubsub/publish-request.ts";
import type { Workspace } from "../core/pubsub/workspace.ts";

/** What differs between the ways in. */
export interface PublishDoor {
  readonly settings: MessageRules;
  readonly source: PublishSource;
  /** Whether the messages were parsed from a JSON text whose depth was checked. Default: they came by structured clone. */
  readonly isParsedJson?: boolean;
  readonly workspaceOf: (workspaceId: string) => Pick<Workspace, "publish">;
  /** Finds the message in what came, which is plain JSON by then. Default: it is the message. */
  readonly unwrap?: (body: unknown) => unknown;
  /** One for each message, for those that bring no id. Default: random ones. */
  readonly fallbackIds?: readonly string[];
}
