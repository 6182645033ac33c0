import { EVERY_PERSON } from "../lib/crm-event.ts";
import { CPU_PER_MESSAGE, FANOUT_FIGURES, type Fanout, openFanout } from "../lib/fanout.ts";
import type { Scenario } from "../lib/scenario.ts";

const FANOUT: Fanout = {
  subscribe: [EVERY_PERSON],
  receivers: "all",
  tokenIn: "subprotocol",
  subprotocol: "graphql-transport-ws.batch",
  parts: [{ figure: "cpu", eventsPerCall: 50, messages: 100_000 }],
};

/** A bulk edit: many records at once, and everybody looks at them. */
export const p2: Scenario = {
  id: "P2",
  title: "50 events per publish, the batch subprotocol",
  rows: { control: "one frame per publish, with all that Sluice's has", redis: "one frame per event" },
  figures: [{ key: "cpu", ...CPU_PER_MESSAGE, goals: { redis: 0.022 } }, ...FANOUT_FIGURES],
  sockets: { full: 2_000, quick: 300 },
  slicesPerPair: 4,
  open: (options) => openFanout(FANOUT, options),
};
