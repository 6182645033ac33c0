import { EVERY_PERSON } from "../lib/crm-event.ts";
import { CPU_PER_MESSAGE, FANOUT_FIGURES, type Fanout, openFanout } from "../lib/fanout.ts";
import type { Scenario } from "../lib/scenario.ts";

const FANOUT: Fanout = {
  subscribe: [EVERY_PERSON],
  receivers: "all",
  tokenIn: "connectionParams",
  subprotocol: "graphql-transport-ws",
  parts: [{ figure: "cpu", eventsPerCall: 1, messages: 4_000 }],
};

/** Clients as they are, which put the token into `connection_init`: the edge verifies it, and relays. */
export const p1r: Scenario = {
  id: "P1r",
  title: "as P1, the token in connectionParams, every socket relayed by the edge",
  rows: { control: "a bare relay: the edge passes every frame on between the client and the bare object" },
  figures: [{ key: "cpu", ...CPU_PER_MESSAGE, goals: { control: 1.05 } }, ...FANOUT_FIGURES],
  sockets: { full: 2_000, quick: 300 },
  open: (options) => openFanout(FANOUT, options),
};
