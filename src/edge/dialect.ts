import { catalogue } from "../../schema/index.ts";
import type { Limits } from "../core/limits.ts";
import type { CloseEvent } from "../core/protocol/close-events.ts";
import {
  fromLegacy,
  LEGACY_KEEP_ALIVE,
  LEGACY_SUBPROTOCOL,
  legacyRefusal,
  legacyReply,
  toLegacy,
} from "../core/protocol/legacy-dialect.ts";
import type { Subprotocol } from "../core/protocol/subprotocols.ts";
import { InitialResults } from "./initial-results.ts";

export type Frame = string | ArrayBuffer;

/** What a relay says to a client of one subprotocol, the object always speaking graphql-transport-ws. */
export interface Dialect {
  /** Of the socket to the object. */
  readonly inner: Subprotocol;
  /** Whether its clients send on right after `connection_init`, without waiting for the ack. */
  readonly isEager: boolean;
  /**
   * What a frame of the client is to the object, or the close that it asks for.
   * @throws ProtocolViolation
   */
  readonly fromClient: (frame: Frame) => readonly Frame[] | CloseEvent;
  /** What a frame of the object is to the client; left out where it is passed on as it is. */
  readonly toClient?: (frame: Frame) => readonly Frame[];
  /** What the edge answers to a frame of the object in the client's place. */
  readonly reply?: (frame: Frame) => Frame | undefined;
  /** How a client that is not let in is told so, besides the close. */
  readonly refuse: (event: CloseEvent) => { readonly frame?: string; readonly close: CloseEvent };
  /** What is sent again and again so that the client does not take the connection, or an operation, for dead. */
  readonly repeated?: readonly { readonly everyMs: number; readonly frames: () => readonly Frame[] }[];
}

/** How often old clients are told that the connection lives. */
const KEEP_ALIVE_INTERVAL_MS = 12_000;

/** A dialect that the object speaks itself: every frame is passed on as it is. */
function spokenByObject(subprotocol: Subprotocol): Dialect {
  return {
    inner: subprotocol,
    isEager: false,
    fromClient: (frame) => [frame],
    refuse: (close) => ({ close }),
  };
}

/** Shared by all clients, as nothing in them is of one. */
const SPOKEN_BY_OBJECT: Readonly<Record<Subprotocol, Dialect>> = {
  "graphql-transport-ws.batch": spokenByObject("graphql-transport-ws.batch"),
  "graphql-transport-ws": spokenByObject("graphql-transport-ws"),
};

/** The dialect of subscriptions-transport-ws, for one client: it remembers what runs. */
export function legacyDialect(limits: Limits): Dialect {
  const initialResults = new InitialResults(catalogue, limits);
  return {
    inner: "graphql-transport-ws",
    isEager: true,
    fromClient(frame) {
      const meant = fromLegacy(frame, limits);
      if (!("code" in meant)) for (const each of meant) initialResults.asked(each);
      return meant;
    },
    toClient(frame) {
      initialResults.answered(String(frame));
      return toLegacy(String(frame));
    },
    reply: (frame) => legacyReply(String(frame)),
    refuse: legacyRefusal,
    repeated: [
      { everyMs: KEEP_ALIVE_INTERVAL_MS, frames: () => [LEGACY_KEEP_ALIVE] },
      { everyMs: limits.KEEP_ALIVE_SECONDS * 1000, frames: () => initialResults.frames().flatMap(toLegacy) },
    ],
  };
}

/** How a relay talks to a client that was answered with a subprotocol. */
export function dialectOf(subprotocol: Subprotocol | typeof LEGACY_SUBPROTOCOL, limits: Limits): Dialect {
  return subprotocol === LEGACY_SUBPROTOCOL ? legacyDialect(limits) : SPOKEN_BY_OBJECT[subprotocol];
}
