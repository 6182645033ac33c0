import { EVERY_PERSON } from "../lib/crm-event.ts";
import { CPU_PER_MESSAGE, FANOUT_FIGURES, type Fanout, openFanout } from "../lib/fanout.ts";
import type { Scenario } from "../lib/scenario.ts";

const FANOUT: Fanout = {
  subscribe: [EVERY_PERSON],
  receivers: "all",
  tokenIn: "subprotocol",
  subprotocol: "graphql-transport-ws",
  parts: [{ figure: "cpu", eventsPerCall: 1, messages: 4_000 }],
};

/** What a workspace whose users look at one list does. */
export const p1: Scenario = {
  id: "P1",
  title: "the same operation on every socket, one event per publish",
  figures: [{ key: "cpu", ...CPU_PER_MESSAGE, goals: { control: 1.1, redis: 0.62 } }, ...FANOUT_FIGURES],
  sockets: { full: 2_000, quick: 300 },
  open: (options) => openFanout(FANOUT, options),
};
