import type { SubscribePayload } from "../src/core/protocol/messages.ts";
import { comparePositions } from "../src/core/pubsub/position.ts";
import { hash } from "./hash.ts";
import { isSubscription } from "./is-subscription.ts";
import { canonicalJson, isObject } from "./json.ts";
import type { PositionKeeper } from "./position-keeper.ts";

/** A subscription that missed events which the server no longer has. */
export interface GappedOperation {
  /** The operation's id on the wire. */
  readonly id: string;
  /** What was subscribed to. */
  readonly payload: SubscribePayload;
  /** Where it goes on: everything after this is received again. */
  readonly position: string;
}

/** A subscription that has begun. */
export type LiveOperation = GappedOperation;

/** A subscription that the application has open, whatever socket it is on. */
interface Operation {
  readonly id: string;
  readonly payload: SubscribePayload;
  /** The application was told that it has begun. */
  isLive: boolean;
  readonly fingerprint: string;
  /** The fingerprint, told apart from those of equal operations: what ids are to a socket, over reloads of the page. */
  readonly key: string;
  /** Everything up to here was received. */
  position: string | undefined;
  /** It could not be resumed: told as soon as it is known where it goes on. */
  hasGap: boolean;
  /** The socket that it is subscribed on. */
  socket: object | undefined;
}

/** Far more than a socket may have. Those that were given up while there was no socket are never told to be over. */
const MAX_OPERATIONS = 1_000;

/**
 * The subscriptions of one client and how far each has come. Lives longer than its sockets: an operation keeps its id
 * when it is subscribed again on the next one.
 */
export class Operations {
  readonly #operations = new Map<string, Operation>();
  readonly #onGap: (operation: GappedOperation) => void;
  readonly #onLive: (operation: LiveOperation) => void;
  readonly #keeper: PositionKeeper | undefined;
  #caller: string | undefined;
  #expectsPositions = false;

  constructor(
    onGap: (operation: GappedOperation) => void,
    keeper: PositionKeeper | undefined,
    onLive: (operation: LiveOperation) => void = () => undefined,
  ) {
    this.#onGap = onGap;
    this.#keeper = keeper;
    this.#onLive = onLive;
  }

  /** Positions are of one caller: what another subscribes again begins afresh. */
  setCaller(caller: string | undefined): void {
    this.#keeper?.setCaller(caller);
    if (this.#caller !== undefined && caller !== this.#caller) {
      for (const operation of this.#operations.values()) this.#loseTrack(operation);
    }
    this.#caller = caller;
  }

  /** The server is one that tells positions. */
  expectPositions(): void {
    this.#expectsPositions = true;
  }

  /** Notes what a socket subscribes. @returns the payload to send, which resumes where the operation was */
  begin(id: string, payload: SubscribePayload, socket: object): SubscribePayload {
    if (!isSubscription(payload)) return payload;
    const { query, operationName, variables } = payload;
    const fingerprint = hash(canonicalJson([query, operationName, variables]));
    let operation = this.#operations.get(id);
    if (operation?.fingerprint !== fingerprint) {
      this.end(id);
      const key = this.#freeKey(fingerprint);
      const position = this.#keeper?.find(key);
      operation = { id, payload, fingerprint, key, position, hasGap: false, isLive: false, socket };
      this.#operations.set(id, operation);
      this.#forgetAbandoned();
    }
    operation.socket = socket;
    if (operation.position !== undefined) this.#keeper?.keep(operation.key, operation.position);
    return resuming(payload, operation.position);
  }

  /** The position of a result. @returns false when the application has that result already */
  receive(id: string, position: string): boolean {
    const operation = this.#operations.get(id);
    if (operation === undefined) return true;
    if (operation.position !== undefined) {
      const order = comparePositions(position, operation.position);
      if (order !== undefined && order <= 0) {
        // One that resumes where nothing was missed is told so by the position that it has.
        this.#tellLive(operation, operation.position);
        return false;
      }
    }
    this.#moveTo(operation, position);
    return true;
  }

  /** The server left out events: the operation goes on from another place. */
  skip(id: string, position: string): void {
    const operation = this.#operations.get(id);
    if (operation === undefined) return;
    operation.hasGap = true;
    this.#moveTo(operation, position);
  }

  /** The server does not know the position it was asked to resume from. @returns the payload to begin afresh with */
  restart(id: string): SubscribePayload | undefined {
    const operation = this.#operations.get(id);
    if (operation?.position === undefined) return undefined;
    this.#loseTrack(operation);
    return resuming(operation.payload, undefined);
  }

  /** The operation is over: it completed, failed, or was given up. */
  end(id: string): void {
    const operation = this.#operations.get(id);
    if (operation === undefined) return;
    this.#operations.delete(id);
    this.#keeper?.drop(operation.key);
  }

  /** A socket is gone. Its operations wait for the next. */
  leave(socket: object): void {
    for (const operation of this.#operations.values()) {
      if (operation.socket !== socket) continue;
      operation.socket = undefined;
      this.#keeper?.rest(operation.key);
      // It may have been live already, and an event on its way: nothing is known to resume from.
      if (operation.position === undefined && this.#expectsPositions) operation.hasGap = true;
    }
  }

  #moveTo(operation: Operation, position: string): void {
    operation.position = position;
    this.#keeper?.keep(operation.key, position);
    const { id, payload, hasGap } = operation;
    operation.hasGap = false;
    if (hasGap) this.#onGap({ id, payload, position });
    this.#tellLive(operation, position);
  }

  /** Once. */
  #tellLive(operation: Operation, position: string): void {
    if (operation.isLive) return;
    operation.isLive = true;
    this.#onLive({ id: operation.id, payload: operation.payload, position });
  }

  #loseTrack(operation: Operation): void {
    if (operation.position === undefined) return;
    operation.position = undefined;
    operation.hasGap = true;
  }

  #freeKey(fingerprint: string): string {
    const taken = new Set([...this.#operations.values()].map(({ key }) => key));
    let count = 0;
    while (taken.has(`${fingerprint}.${count}`)) count++;
    return `${fingerprint}.${count}`;
  }

  #forgetAbandoned(): void {
    for (const { id, socket } of this.#operations.values()) {
      if (this.#operations.size <= MAX_OPERATIONS) return;
      if (socket === undefined) this.end(id);
    }
  }
}

function resuming(payload: SubscribePayload, position: string | undefined): SubscribePayload {
  const { extensions } = payload;
  const asked = isObject(extensions?.["resume"]) ? extensions["resume"] : {};
  return { ...payload, extensions: { ...extensions, resume: position === undefined ? asked : { after: position } } };
}
