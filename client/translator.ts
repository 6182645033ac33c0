import type { PingMessage, PongMessage, SubscribeMessage, SubscribePayload } from "../src/core/protocol/messages.ts";
import { isObject, parseJson } from "./json.ts";
import type { Operations } from "./operations.ts";
import type { TokenRefresher } from "./token-refresher.ts";

/** What lies below: one connection to the server. */
export interface Wire {
  readonly operations: Operations;
  /** What operations know it by. */
  readonly socket: object;
  readonly refresher: () => TokenRefresher | undefined;
  /** To be put into `connection_init`. */
  readonly tokenForInit: () => string | undefined;
  readonly send: (message: PingMessage | PongMessage | SubscribeMessage) => void;
  /** A ping is on its way. */
  readonly expectPong: () => void;
}

/** What messages of a graphql-ws client become on their way out, and which of the server's are for that client. */
export class Translator {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** What a message becomes on its way out. */
  outgoing(data: string): string {
    const message = parseJson(data);
    if (!isObject(message)) return data;
    switch (message["type"]) {
      case "connection_init": {
        const token = this.#wire.tokenForInit();
        return token === undefined ? data : JSON.stringify(withToken(message, token));
      }
      case "subscribe": {
        const { id, payload } = message;
        if (typeof id !== "string" || !isSubscribePayload(payload)) return data;
        const resuming = this.#wire.operations.begin(id, payload, this.#wire.socket);
        return resuming === payload ? data : JSON.stringify({ ...message, payload: resuming });
      }
      case "complete":
        this.#wire.operations.end(String(message["id"]));
        return data;
      case "ping":
        this.#wire.expectPong();
        return data;
      default:
        return data;
    }
  }

  /** @returns whether the message is for the one above */
  take(message: unknown): boolean {
    if (!isObject(message)) return true;
    const { operations } = this.#wire;
    const { type, id, payload } = message;
    if (type === "ping" && isObject(payload)) return !this.#takePing(payload);
    if (type === "pong" && isObject(payload) && typeof payload["tokenExpiresAt"] === "number") {
      this.#wire.refresher()?.answer(payload["tokenExpiresAt"]);
      return false;
    }
    if (typeof id !== "string") return true;
    if (type === "next") {
      const position = positionOf(payload);
      return position === undefined || operations.receive(id, position);
    }
    if (type === "error" && isUnknownPosition(payload)) {
      const afresh = operations.restart(id);
      if (afresh !== undefined) {
        this.#wire.send({ id, type: "subscribe", payload: afresh });
        return false;
      }
    }
    if (type === "error" || type === "complete") operations.end(id);
    return true;
  }

  /** @returns whether the ping was one of those that only Sluice sends */
  #takePing({ position, gap, tokenExpiresAt }: Record<string, unknown>): boolean {
    const { operations } = this.#wire;
    const isWarning = typeof tokenExpiresAt === "number";
    if (!isMark(position) && !isMark(gap) && !isWarning) return false;
    this.#wire.send({ type: "pong" });
    if (isMark(position)) operations.receive(position.id, position.position);
    if (isMark(gap)) operations.skip(gap.id, gap.position);
    if (isWarning) this.#wire.refresher()?.warn(tokenExpiresAt);
    return true;
  }
}

/** A `connection_init` that carries the token where every server of graphql-ws looks for one. */
function withToken(message: Record<string, unknown>, token: string): Record<string, unknown> {
  const payload = isObject(message["payload"]) ? message["payload"] : {};
  return { ...message, payload: { ...payload, authorization: `Bearer ${token}` } };
}

function isSubscribePayload(payload: unknown): payload is SubscribePayload {
  return isObject(payload) && typeof payload["query"] === "string";
}

interface Mark {
  readonly id: string;
  readonly position: string;
}

function isMark(value: unknown): value is Mark {
  return isObject(value) && typeof value["id"] === "string" && typeof value["position"] === "string";
}

function positionOf(payload: unknown): string | undefined {
  const extensions = isObject(payload) ? payload["extensions"] : undefined;
  const position = isObject(extensions) ? extensions["position"] : undefined;
  return typeof position === "string" ? position : undefined;
}

function isUnknownPosition(payload: unknown): boolean {
  const first: unknown = Array.isArray(payload) ? payload[0] : undefined;
  return isObject(first) && isObject(first["extensions"]) && first["extensions"]["code"] === "BAD_POSITION";
}
