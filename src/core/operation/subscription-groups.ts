import { nextFrame } from "../protocol/next-frame.ts";
import type { Message } from "../pubsub/message.ts";
import { SubscriptionIndex } from "../pubsub/subscription-index.ts";
import { executePlan, type SubscriptionPlan } from "./plan-operation.ts";

/** Equal operations of any number of sockets: executed and serialized once per event. */
export interface Group<Member> {
  readonly key: string;
  readonly plan: SubscriptionPlan;
  readonly members: Set<Member>;
}

/** One operation of one socket, with the part of its frames that is its own. */
export interface GroupMember {
  readonly head: string;
}

/** All running subscriptions of a workspace. Holds nothing that cannot be rebuilt from the sockets' attachments. */
export class SubscriptionGroups<Member extends GroupMember> {
  readonly #groups = new Map<string, Group<Member>>();
  readonly #index = new SubscriptionIndex<Group<Member>>();

  get size(): number {
    return this.#groups.size;
  }

  get(key: string): Group<Member> | undefined {
    return this.#groups.get(key);
  }

  /** The group of a key, made with this plan when there is none yet. Whoever opens it joins `members` at once. */
  open(key: string, plan: SubscriptionPlan): Group<Member> {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group<Member> = { key, plan, members: new Set() };
    this.#groups.set(key, group);
    this.#index.add(plan.field.name, plan.interest, group);
    return group;
  }

  leave(group: Group<Member>, member: Member): void {
    group.members.delete(member);
    if (group.members.size > 0 || this.#groups.get(group.key) !== group) return;
    this.#groups.delete(group.key);
    this.#index.delete(group.plan.field.name, group.plan.interest, group);
  }

  /** Counts of members by root field, for whoever inspects a workspace. */
  countByField(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { plan, members } of this.#groups.values()) {
      counts[plan.field.name] = (counts[plan.field.name] ?? 0) + members.size;
    }
    return counts;
  }

  /**
   * Hands every frame that a message makes to `send`, in the order of the message's events.
   * @param fields the fields that listen to messages of this kind
   * @param at when the message was written to the log, epoch ms
   */
  deliver(
    fields: readonly SubscriptionPlan["field"][],
    message: Message,
    at: number,
    send: (member: Member, frame: string) => void,
  ): void {
    if (this.#groups.size === 0) return;
    for (const field of fields) {
      for (const { topic, value } of field.occurrencesIn(message, at)) {
        for (const group of this.#index.match(field.name, topic)) {
          const payload = executePlan(group.plan, value);
          for (const member of group.members) send(member, nextFrame(member.head, payload));
        }
      }
    }
  }
}

/**
 * What makes two operations equal: they may see the same, ask the same, and get the same. The permission class is part
 * of it and the token is not: without the class one user would get what another may see, with the token nothing would
 * ever be shared.
 */
export function groupKey(
  permissionClass: string,
  operation: { document: string; operationName?: string; variables: string },
): string {
  const { document, operationName, variables } = operation;
  return JSON.stringify([permissionClass, operationName ?? null, variables, document]);
}
