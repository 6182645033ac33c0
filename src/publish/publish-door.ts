import type { MessageRules } from "../core/pubsub/message-rules.ts";
import type { PublishSource } from "../core/pubsub/publish-request.ts";
import type { Workspace } from "../core/pubsub/workspace.ts";

/** What differs between the ways in. */
export interface PublishDoor {
  readonly settings: MessageRules;
  readonly source: PublishSource;
  /**
   * How long the JSON text was, in UTF-16 units, that `parsePlainJson` made the messages of. Default: they came by
   * structured clone.
   */
  readonly parsedUnits?: number;
  readonly workspaceOf: (workspaceId: string) => Pick<Workspace, "publish">;
  /** Finds the message in what came, which is plain JSON by then. Default: it is the message. */
  readonly unwrap?: (body: unknown) => unknown;
  /** One for each message, for those that bring no id. Default: random ones. */
  readonly fallbackIds?: readonly string[];
}
