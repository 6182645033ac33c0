import { randomUUID } from "node:crypto";

/**
 * What a client of graphql-transport-ws says until its subscriptions run: told of every message, the first of which is
 * the `connection_ack`. Returns whether they run.
 */
export type Opening = (message: string, send: (text: string) => void) => boolean;

const READY_PING = '{"type":"ping","payload":{"ready":true}}';
const READY_PONG = '{"type":"pong","payload":{"ready":true}}';

/**
 * @param payloads of the `subscribe` messages
 * @param areNumbered as Sluice's own client does with its operations; other clients draw ids
 */
export function subscribeToAll(payloads: readonly string[], areNumbered = false): Opening {
  return (message, send) => {
    if (message === READY_PONG) return true;
    if (!isAck(message)) throw unexpected(message);
    for (const [i, payload] of payloads.entries()) {
      send(subscribeMessage(payload, areNumbered ? String(i + 1) : undefined));
    }
    // Frames of one socket are looked at in their order, so the answer tells that the subscriptions run.
    send(READY_PING);
    return false;
  };
}

/** As Twenty's front-end opens an event stream: its queries are added one by one, once the first `next` has come. */
export function openEventStream(subscription: string, queries: readonly string[]): Opening {
  const rest = [...queries];
  let isBegun = false;
  return (message, send) => {
    if (isAck(message)) {
      send(subscribeMessage(subscription));
      return false;
    }
    if (message.includes('"complete"')) return next();
    if (!message.includes('"next"')) throw unexpected(message);
    if (!isBegun) {
      isBegun = true;
      return next();
    }
    if (!message.includes('"addQueryToEventStream":true')) throw unexpected(message);
    return false;

    function next(): boolean {
      const query = rest.shift();
      if (query !== undefined) send(subscribeMessage(query));
      return query === undefined;
    }
  };
}

function subscribeMessage(payload: string, id: string = randomUUID()): string {
  return `{"id":"${id}","type":"subscribe","payload":${payload}}`;
}

function isAck(message: string): boolean {
  return message.includes('"connection_ack"');
}

function unexpected(message: string): Error {
  return new Error(`Before the subscription runs, this came: ${message}`);
}
