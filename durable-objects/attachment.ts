import type { Principal } from "../src/core/principal.ts";
import type { ReadySession, Session, StoredOperation } from "../src/core/protocol/session.ts";

/** Everything about a socket that must outlive the object's memory, except for operations that are stored elsewhere. */
export interface SocketState {
  /** Random; the key of operations kept in storage. */
  readonly id: string;
  readonly principal: Principal;
  readonly session: Session;
  /** Epoch ms of the last frame that is known of. */
  readonly seenAt: number;
  /** Asked by a ping at one time, and closed when no frame comes until the other, epoch ms. */
  readonly askedAt?: number;
  readonly answerBy?: number;
  /** The reader is too slow: it is closed unless what waits for it has drained until then, epoch ms. */
  readonly drainBy?: number;
  /** Where those bytes wait: here, or at the edge that relays the socket and says when they have drained. */
  readonly isSlowAtEdge?: boolean;
  /** What the edge shows on a socket that it relays; sockets that were handed through have none. */
  readonly edgeKey?: string;
  /** Names a socket for Server-Sent Events to the requests that start and end operations on it. */
  readonly sseToken?: string;
  /** Whether several messages may share a frame. */
  readonly batches: boolean;
  /** Whether the client was told that its token expires. */
  readonly warned: boolean;
}

/**
 * What `serializeAttachment` gets. Nearly all of it is one text: a wake reads the attachments of all sockets, and most of
 * them no further than to see that there is nothing for them.
 */
export interface Attachment {
  readonly version: typeof VERSION;
  /** Absent where every wake must take the socket up. */
  readonly sleep?: Sleep;
  /** JSON of a `PackedState`. */
  readonly state: string;
  /** What clients have written, each once. Not in the JSON: one wide character there would double the size of all. */
  readonly texts: readonly string[];
  /** Whether some operations are in storage. */
  readonly spilled: boolean;
}

/** What a socket is to be taken up for, when its object wakes with nothing else for it. */
export interface Sleep {
  /** Which version of the gateway says so. What operations want may be another thing to another version. */
  readonly version: string;
  /** Of each operation, as of `wantOf`. */
  readonly wants: readonly number[];
}

interface PackedState extends Omit<SocketState, "session"> {
  readonly session:
    | Exclude<Session, ReadySession>
    | (Omit<ReadySession, "operations"> & { readonly operations: readonly PackedOperation[] });
}

/** The first three are places in `texts`. */
type PackedOperation = readonly [
  id: number,
  document: number,
  variables: number,
  rest: Omit<StoredOperation, "document" | "variables" | "operationName">,
  operationName?: number,
];

/** A deploy that reads another shape must not mistake it for this one. */
const VERSION = 2;

/** The platform takes 16,384 bytes; what is left covers the principal and the structure. */
const OPERATIONS_BUDGET_BYTES = 13_000;
const OPERATION_OVERHEAD_BYTES = 100;

/**
 * Which operations fit into an attachment, oldest first, so that what fitted once stays where it is.
 * @returns the ids of those that do not fit
 */
export function findSpilled(operations: ReadonlyMap<string, StoredOperation>): Set<string> {
  const spilled = new Set<string>();
  const documents = new Set<string>();
  let free = OPERATIONS_BUDGET_BYTES;
  for (const [id, { document, operationName = "", variables }] of operations) {
    const own = OPERATION_OVERHEAD_BYTES + clonedSize(id) + clonedSize(operationName) + clonedSize(variables);
    const size = own + (documents.has(document) ? 0 : clonedSize(document));
    if (size > free) {
      spilled.add(id);
      continue;
    }
    free -= size;
    documents.add(document);
  }
  return spilled;
}

export function packAttachment(state: SocketState, spilled: ReadonlySet<string>, sleep?: Sleep): Attachment {
  const places = new Map<string, number>();
  const placeOf = (text: string) => {
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  };
  const packed: PackedState = { ...state, session: packSession(state.session, spilled, placeOf) };
  return {
    version: VERSION,
    ...(sleep !== undefined && { sleep }),
    state: JSON.stringify(packed),
    texts: [...places.keys()],
    spilled: spilled.size > 0,
  };
}

function packSession(
  session: Session,
  spilled: ReadonlySet<string>,
  placeOf: (text: string) => number,
): PackedState["session"] {
  if (session.state !== "ready") return session;
  const operations: PackedOperation[] = [];
  for (const [id, { document, variables, operationName, ...rest }] of session.operations) {
    if (spilled.has(id)) continue;
    const places = [placeOf(id), placeOf(document), placeOf(variables)] as const;
    operations.push(operationName === undefined ? [...places, rest] : [...places, rest, placeOf(operationName)]);
  }
  return { ...session, operations };
}

/**
 * The state in an attachment, with the operations it holds; undefined when it is of another version or none of ours.
 * @param shared gives one text for equal ones: every attachment has its own copy of its documents
 */
export function unpackAttachment(
  value: unknown,
  shared = (document: string) => document,
): { state: SocketState; spilled: boolean } | undefined {
  if (!isAttachment(value)) return undefined;
  const { texts, spilled } = value;
  const { session, ...state } = JSON.parse(value.state) as PackedState;
  if (session.state !== "ready") return { state: { ...state, session }, spilled };
  const operations = new Map<string, StoredOperation>();
  const textAt = (place: number) => texts[place] ?? "";
  for (const [id, document, variables, rest, operationName] of session.operations) {
    operations.set(textAt(id), {
      ...rest,
      document: shared(textAt(document)),
      variables: textAt(variables),
      ...(operationName !== undefined && { operationName: textAt(operationName) }),
    });
  }
  return { state: { ...state, session: { ...session, operations } }, spilled };
}

/** What the socket of an attachment is to be taken up for; undefined where that is to be done at once. */
export function wantsIn(value: unknown, version: string | undefined): readonly number[] | undefined {
  if (!isAttachment(value) || value.sleep === undefined || value.sleep.version !== version) return undefined;
  return value.sleep.wants;
}

function isAttachment(value: unknown): value is Attachment {
  return typeof value === "object" && value !== null && "version" in value && value.version === VERSION;
}

/** Structured cloning writes a text in one byte per character when all are Latin-1, otherwise in two. */
function clonedSize(text: string): number {
  return LATIN_1.test(text) ? text.length : 2 * text.length;
}

const LATIN_1 = /^[\0-\xff]*$/;
