import type { SubscriptionPlan } from "../src/core/operation/plan-operation.ts";
import type { Group, GroupMember } from "../src/core/operation/subscription-groups.ts";
import type { Viewer } from "../src/core/permissions/viewer.ts";
import type { Connection } from "./connection.ts";

/**
 * One subscription of one socket, in memory. Every key is there from the start: what is added to an object later lies
 * elsewhere, and thousands of them are fetched from memory for an event.
 */
export interface RunningOperation extends GroupMember {
  readonly connection: Connection;
  readonly id: string;
  readonly plan: SubscriptionPlan;
  /** The event stream that it holds. */
  readonly streamId: string | undefined;
  /** What its caller may see, and the key of the group of equal operations that follows from it. */
  viewer: Viewer;
  key: string;
  /** The group it hears live events with; absent while it catches up from the log. */
  group: Group<RunningOperation> | undefined;
  /** The newest offset that the client was given or told; unknown after a wake. */
  told: number | undefined;
}
