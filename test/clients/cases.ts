import { expect } from "vitest";
import { kindOf, textOf } from "./client-errors.ts";
import { PEOPLE, type Setup, until, untilTold } from "./setup.ts";

/** Enough for a browser that starts on a busy machine. */
const TOKEN_LIFE_SECONDS = 12;
const AN_HOUR_AGO = Date.now() - 3_600_000;
/** The same, but for a field that is not there. */
const BAD = { ...PEOPLE, query: PEOPLE.query.replace("record", "nothing") };

/** What each client is put through. */
export interface Case {
  readonly name: string;
  /** Of docs/protocol.md. */
  readonly rules: string;
  /** @returns what the table of docs/clients.md says */
  readonly run: (setup: Setup) => Promise<string>;
}

export const CASES: readonly Case[] = [
  {
    name: "event",
    rules: "[CONN-1] [AUTH-1]",
    async run(setup) {
      const { told } = await setup.follow();
      await setup.publish("Ada", "Grace");
      await until(() => expect(told.names.at(-1)).toBe("Grace"));
      expect(told.errors).toEqual([]);
      return "received";
    },
  },
  {
    name: "unsubscribe",
    rules: "[OP-3]",
    async run(setup) {
      const { told, unsubscribe } = await setup.follow();
      await unsubscribe();
      await setup.untilFreed();
      await setup.publish("later");
      expect(told.names).not.toContain("later");
      return "frees the operation";
    },
  },
  {
    name: "a bad operation beside a good one",
    rules: "[OP-5]",
    async run(setup) {
      const good = await setup.follow();
      const bad = await setup.start(BAD);
      await until(() => expect(bad.told.errors).not.toEqual([]));
      expect(textOf(bad.told.errors[0])).toContain('Cannot query field "nothing"');
      await setup.publish("Ada");
      await until(() => expect(good.told.names).toEqual(["Ada"]));
      expect(good.told.errors).toEqual([]);
      return kindOf(bad.told.errors[0]);
    },
  },
  {
    name: "lost connection",
    rules: "[OP-12]",
    async run(setup) {
      const { told } = await setup.follow();
      setup.network.cut();
      setup.network.restore();
      if (setup.client.reconnects) return setup.untilBack(told);
      await untilTold(told);
      return told.errors.length > 0 ? "tells an error" : "ends";
    },
  },
  {
    name: "token expires",
    rules: "[TOKEN-3] [SSE-4]",
    async run(setup) {
      setup.issue({ expiresInSeconds: TOKEN_LIFE_SECONDS });
      const { told } = await setup.follow();
      setup.issue({});
      if (!setup.client.reconnects) return untilTold(told);
      await setup.untilReconnected();
      return setup.untilBack(told);
    },
  },
  {
    name: "expired token",
    rules: "[AUTH-4] [AUTH-5] [SSE-6] [LEGACY-4]",
    async run(setup) {
      setup.issue({ now: AN_HOUR_AGO });
      const { told } = await setup.start();
      return untilTold(told);
    },
  },
];
