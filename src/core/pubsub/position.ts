/**
 * A place in the log of one workspace, behind one event. Opaque to clients: they keep it, hand it back, and compare two
 * with `comparePositions`.
 */
export interface Position {
  /** Tells workspaces apart; see `workspaceTag`. */
  readonly workspace: string;
  /** Random, made with the storage: offsets of two epochs have nothing to do with each other. */
  readonly epoch: string;
  /** Counts the events of the workspace from 1. */
  readonly offset: number;
}

const POSITION = /^([0-9a-f]{8})\.([0-9a-z]{12})\.(0|[1-9]\d{0,15})$/;

export function formatPosition({ workspace, epoch, offset }: Position): string {
  return `${workspace}.${epoch}.${offset}`;
}

/** The position in a text from outside, or undefined when it is none. */
export function parsePosition(text: string): Position | undefined {
  const [, workspace, epoch, digits] = POSITION.exec(text) ?? [];
  if (workspace === undefined || epoch === undefined) return undefined;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? { workspace, epoch, offset } : undefined;
}

/**
 * Orders two positions of one epoch: negative when `a` comes first, 0 when they are the same place. Undefined when they
 * cannot be compared (another epoch or workspace, or a text that is no position).
 */
export function comparePositions(a: string, b: string): number | undefined {
  const left = parsePosition(a);
  const right = parsePosition(b);
  if (left === undefined || right === undefined) return undefined;
  if (left.workspace !== right.workspace || left.epoch !== right.epoch) return undefined;
  return left.offset - right.offset;
}

/** The last digits of the workspace's id: its first ones are a time in UUIDs of version 7, and alike. */
export function workspaceTag(workspaceId: string): string {
  return workspaceId.replaceAll("-", "").slice(-8);
}

/** A new epoch: 12 characters, about 62 random bits. */
export function randomEpoch(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}
