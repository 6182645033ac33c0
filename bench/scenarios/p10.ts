import { EVERY_PERSON, everyPersonIn } from "../lib/crm-event.ts";
import { CPU_PER_MESSAGE, FANOUT_FIGURES, type Fanout, openFanout } from "../lib/fanout.ts";
import type { Scenario } from "../lib/scenario.ts";

const DOCUMENTS = 200;

const FANOUT: Fanout = {
  subscribe: Array.from({ length: DOCUMENTS }, (_, i) => everyPersonIn(i)),
  baselineSubscribe: [EVERY_PERSON],
  receivers: "all",
  tokenIn: "subprotocol",
  subprotocol: "graphql-transport-ws",
  parts: [{ figure: "cpu", eventsPerCall: 1, messages: 4_000 }],
};

/** Many front-ends on one workspace: as P1, but work can be shared by ten subscribers only. */
export const p10: Scenario = {
  id: "P10",
  title: "200 different documents, 10 sockets each",
  rows: { baseline: "Sluice at P1's work: one document on all sockets" },
  figures: [{ key: "cpu", ...CPU_PER_MESSAGE, goals: { baseline: 1.15 } }, ...FANOUT_FIGURES],
  sockets: { full: 2_000, quick: 300 },
  open: (options) => openFanout(FANOUT, options),
};
