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

/** What `serializeAttachment` gets. Documents are kept once, however many operations of the socket use them. */
export interface Attachment extends Omit<SocketState, "session"> {
  readonly version: typeof VERSION;
  readonly session:
    | Exclude<Session, ReadySession>
    | (Omit<ReadySession, "operations"> & { readonly operations: readonly PackedOperation[] });
  readonly documents: readonly string[];
  /** Absent where every wake must take the socket up. */
  readonly sleep?: Sleep;
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

type PackedOperation = readonly [id: string, document: number, rest: Omit<StoredOperation, "document">];

/** A deploy that reads another shape must not mistake it for this one. */
const VERSION = 1;

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

export function packAttachment(
  { session, ...state }: SocketState,
  spilled: ReadonlySet<string>,
  sleep?: Sleep,
): Attachment {
  const head = { ...state, version: VERSION, ...(sleep !== undefined && { sleep }) } as const;
  if (session.state !== "ready") return { ...head, session, documents: [], spilled: false };
  const documents: string[] = [];
  const operations: PackedOperation[] = [];
  for (const [id, { document, ...rest }] of session.operations) {
    if (spilled.has(id)) continue;
    let at = documents.indexOf(document);
    if (at === -1) at = documents.push(document) - 1;
    operations.push([id, at, rest]);
  }
  return { ...head, session: { ...session, operations }, documents, spilled: spilled.size > 0 };
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
  const { version: _, sleep: _sleep, documents, spilled, session, ...state } = value;
  if (session.state !== "ready") return { state: { ...state, session }, spilled };
  const operations = new Map<string, StoredOperation>();
  const texts = documents.map(shared);
  for (const [id, document, rest] of session.operations) {
    operations.set(id, { ...rest, document: texts[document] ?? "" });
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
