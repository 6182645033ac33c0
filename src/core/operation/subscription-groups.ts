import type { Viewer } from "../permissions/viewer.ts";
import { nextFrameTail, withPosition } from "../protocol/next-frame.ts";
import type { StoredOperation } from "../protocol/session.ts";
import type { Message } from "../pubsub/message.ts";
import type { LogRow } from "../pubsub/replay-log.ts";
import { SubscriptionIndex } from "../pubsub/subscription-index.ts";
import { utf8Size } from "../text-size.ts";
import { executePlan, type SubscriptionPlan } from "./plan-operation.ts";
import type { Occurrence, Scope, SubscriptionField } from "./subscription-field.ts";

/** Equal operations of any number of sockets: executed and serialized once per event. */
export interface Group<Member> {
  readonly key: string;
  readonly plan: SubscriptionPlan;
  /** What all its members may see. */
  readonly viewer: Viewer;
  /** Whether its members are told the positions of events. */
  readonly positions: boolean;
  readonly members: Set<Member>;
}

/** What all members of a group get for one event, or for several of one message. */
export interface Payload {
  /** Of every event, what comes behind the head of a `next` frame. */
  readonly tails: readonly string[];
  /** Of all tails. */
  readonly bytes: number;
  /** Where the last of the events stands in the log. */
  readonly offset: number;
  /** The user workspaces that it is for, when it is not for every member. */
  readonly recipients?: ReadonlySet<string>;
}

/** One operation of one socket, with the part of its frames that is its own. */
export interface GroupMember {
  readonly head: string;
}

/** Subscriptions that have not been taken up since the object was woken. */
export interface Sleeping {
  /** Whether there are some. */
  readonly isAnySleeping: boolean;
  /** Has those enter their groups that want to hear of a topic. */
  rouse(field: string, topic: readonly string[]): void;
}

/** What the groups of a workspace need of their surroundings. */
export interface GroupsContext {
  /** Is told of an event that one group could not be given: it must not stop the others, nor the publish. */
  readonly undeliverable: (offset: number, thrown: unknown) => void;
  /** Up to which the events of one message are handed out together. Default: all of them. */
  readonly maxPayloadBytes?: number;
  /** Default: nobody sleeps. */
  readonly sleeping?: Sleeping;
}

/** All running subscriptions of a workspace. Holds nothing that cannot be rebuilt from the sockets' attachments. */
export class SubscriptionGroups<Member extends GroupMember> {
  readonly #groups = new Map<string, Group<Member>>();
  readonly #groupsByField = new Map<string, number>();
  readonly #index = new SubscriptionIndex<Group<Member>>();
  readonly #undeliverable: GroupsContext["undeliverable"];
  readonly #maxPayloadBytes: number;
  readonly #sleeping: Sleeping;

  constructor({ undeliverable, maxPayloadBytes = Number.POSITIVE_INFINITY, sleeping = NOBODY }: GroupsContext) {
    this.#undeliverable = undeliverable;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#sleeping = sleeping;
  }

  get size(): number {
    return this.#groups.size;
  }

  get(key: string): Group<Member> | undefined {
    return this.#groups.get(key);
  }

  /** The group of a key, made with this plan when there is none yet. Whoever opens it joins `members` at once. */
  open(key: string, plan: SubscriptionPlan, viewer: Viewer, positions: boolean): Group<Member> {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group<Member> = { key, plan, viewer, positions, members: new Set() };
    this.#groups.set(key, group);
    this.#count(plan, 1);
    this.#index.add(plan.field.name, plan.interest, group);
    return group;
  }

  leave(group: Group<Member>, member: Member): void {
    group.members.delete(member);
    if (group.members.size > 0 || this.#groups.get(group.key) !== group) return;
    this.#groups.delete(group.key);
    this.#count(group.plan, -1);
    this.#index.delete(group.plan.field.name, group.plan.interest, group);
  }

  /** Whether anybody is subscribed to a field. */
  hears({ name }: SubscriptionField): boolean {
    return this.#sleeping.isAnySleeping || this.#groupsByField.has(name);
  }

  /**
   * Hands every payload that a message makes to `send`: to each member in the order of the message's events, and as many
   * events at once as there may be, so that what costs something per member is not done for every event.
   * @param fields the fields that listen to messages of this kind
   * @param scope what else the message meets
   * @param positionAt names an offset of the log
   */
  deliver(
    { message, row }: LoggedMessage,
    fields: readonly SubscriptionField[],
    scope: Scope,
    positionAt: (offset: number) => string,
    send: (member: Member, payload: Payload) => void,
  ): void {
    const gathered = new GatheredPayloads<Member>(this.#maxPayloadBytes, send);
    try {
      for (const field of fields) this.#gather(field, { message, row }, scope, positionAt, gathered);
    } finally {
      // What one field cannot make of a message keeps nobody from what another has made of it.
      gathered.handOut();
    }
  }

  #gather(
    field: SubscriptionField,
    { message, row }: LoggedMessage,
    scope: Scope,
    positionAt: (offset: number) => string,
    gathered: GatheredPayloads<Member>,
  ): void {
    for (const occurrence of field.occurrencesIn(message, row.at, scope)) {
      const offset = offsetOf(row, occurrence.event);
      if (this.#sleeping.isAnySleeping) this.#sleeping.rouse(field.name, occurrence.topic);
      for (const group of this.#index.match(field.name, occurrence.topic)) {
        const payload = this.#tryPayload(group, occurrence, offset, positionAt);
        if (payload !== undefined) gathered.add(group, payload);
      }
    }
  }

  #tryPayload(
    { plan, viewer, positions }: Group<Member>,
    occurrence: Occurrence,
    offset: number,
    positionAt: (offset: number) => string,
  ): Payload | undefined {
    try {
      return makePayload(plan, viewer, occurrence, offset, positions ? positionAt : undefined);
    } catch (thrown) {
      this.#undeliverable(offset, thrown);
      return undefined;
    }
  }

  #count({ field }: SubscriptionPlan, more: number): void {
    const count = (this.#groupsByField.get(field.name) ?? 0) + more;
    if (count === 0) this.#groupsByField.delete(field.name);
    else this.#groupsByField.set(field.name, count);
  }
}

const NOBODY: Sleeping = { isAnySleeping: false, rouse: () => {} };

/** How much all groups may have in memory before it is handed out. */
const MAX_GATHERED_BYTES = 4 * 1024 * 1024;

/** What the groups get of one message, until it is enough for a frame of several events. */
class GatheredPayloads<Member> {
  readonly #maxBytes: number;
  readonly #send: (member: Member, payload: Payload) => void;
  readonly #payloads = new Map<Group<Member>, Payload & { readonly tails: string[] }>();
  #bytes = 0;

  constructor(maxBytes: number, send: (member: Member, payload: Payload) => void) {
    this.#maxBytes = maxBytes;
    this.#send = send;
  }

  add(group: Group<Member>, payload: Payload): void {
    const before = this.#payloads.get(group);
    const joined = before === undefined ? undefined : this.#join(before, payload);
    if (before !== undefined && joined === undefined) this.#give(group, before);
    this.#payloads.set(group, joined ?? { ...payload, tails: [...payload.tails] });
    this.#bytes += payload.bytes;
    if (this.#bytes > MAX_GATHERED_BYTES) this.handOut();
  }

  handOut(): void {
    for (const [group, payload] of this.#payloads) this.#give(group, payload);
    this.#payloads.clear();
    this.#bytes = 0;
  }

  #join(before: Payload & { readonly tails: string[] }, { tails, bytes, offset, recipients }: Payload) {
    const isForAll = before.recipients === undefined && recipients === undefined;
    if (!isForAll || before.bytes + bytes > this.#maxBytes) return undefined;
    before.tails.push(...tails);
    return { tails: before.tails, bytes: before.bytes + bytes, offset };
  }

  #give({ members }: Group<Member>, payload: Payload): void {
    for (const member of members) this.#send(member, payload);
  }
}

/** A row of the log, and the message in it. */
export interface LoggedMessage {
  readonly row: LogRow;
  readonly message: Message;
}

/** The offset of one of a row's events. */
export function offsetOf({ offset, events }: LogRow, event: number): number {
  return offset - events + 1 + event;
}

/**
 * Runs an operation for one event; with `positionAt`, the client is told where the event stands.
 * @returns undefined when it does not want the event after all, or the viewer may see nothing of it
 */
export function makePayload(
  plan: SubscriptionPlan,
  viewer: Viewer,
  { valueFor, recipients }: Occurrence,
  offset: number,
  positionAt: ((offset: number) => string) | undefined,
): Payload | undefined {
  const value = valueFor(viewer, plan.args);
  if (value === undefined) return undefined;
  const result = executePlan(plan, value);
  const text = positionAt === undefined ? result.text : withPosition(result.text, positionAt(offset));
  const tail = nextFrameTail(text);
  // What stands around a result is ASCII.
  const bytes = result.bytes === undefined ? utf8Size(tail) : result.bytes + tail.length - result.text.length;
  return { tails: [tail], bytes, offset, ...(recipients !== undefined && { recipients }) };
}

/**
 * What makes two operations equal: they may see the same, ask the same, and get the same. The permission class is part
 * of it and the token is not: without the class one user would get what another may see, with the token nothing would
 * ever be shared.
 */
export function groupKey(permissionClass: string, operation: Omit<StoredOperation, "order">): string {
  const { document, operationName, variables, resume } = operation;
  return JSON.stringify([permissionClass, resume !== undefined, operationName ?? null, variables, document]);
}
