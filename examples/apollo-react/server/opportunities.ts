/** The columns of the board, from left to right. */
export const STAGES = ["LEAD", "MEETING", "PROPOSAL", "WON"] as const;
export type Stage = (typeof STAGES)[number];

export interface Opportunity {
  readonly id: string;
  readonly company: string;
  readonly name: string;
  readonly owner: string;
  readonly stage: Stage;
  /** In euros. */
  readonly amount: number;
  /** ISO 8601; grows with every change of any record. */
  readonly updatedAt: string;
}

/** A change as it is to be published. There is no `before` of what was made, and no `after` of what is gone. */
export interface Change {
  readonly before?: Opportunity;
  readonly after?: Opportunity;
}

/** The records of the demo: a database as small as can be. */
export class Opportunities {
  readonly #records = new Map<string, Opportunity>();
  readonly #now: () => number;
  #updatedAt = 0;
  #made = 0;

  /** @param now epoch milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    for (const stage of FIRST_STAGES) this.create(stage);
  }

  list(): Opportunity[] {
    return [...this.#records.values()];
  }

  /** Of a company that the board does not show yet, as long as there is one. */
  create(stage: Stage = "LEAD"): Change {
    const shown = new Set(this.list().map(({ company }) => company));
    const seed = SEEDS.find(({ company }) => !shown.has(company)) ?? SEEDS[0];
    const amount = AMOUNTS[this.#made % AMOUNTS.length] ?? AMOUNTS[0];
    // Ids of the demo are the same in every run, so that what a test or a reader names stays what it is.
    const id = `c0000000-0000-4000-8000-${String(++this.#made).padStart(12, "0")}`;
    return this.#put(undefined, { id, ...seed, stage, amount, updatedAt: this.#nextTime() });
  }

  /** @throws RangeError when there is no such record */
  update(id: string, fields: Partial<Pick<Opportunity, "stage" | "amount">>): Change {
    const before = this.#records.get(id);
    if (before === undefined) throw new RangeError("Expected the id of an opportunity");
    return this.#put(before, { ...before, ...fields, updatedAt: this.#nextTime() });
  }

  /** @throws RangeError when there is no such record */
  destroy(id: string): Change {
    const before = this.#records.get(id);
    if (before === undefined) throw new RangeError("Expected the id of an opportunity");
    this.#records.delete(id);
    return { before };
  }

  #put(before: Opportunity | undefined, after: Opportunity): Change {
    this.#records.set(after.id, after);
    return before === undefined ? { after } : { before, after };
  }

  #nextTime(): string {
    this.#updatedAt = Math.max(this.#now(), this.#updatedAt + 1);
    return new Date(this.#updatedAt).toISOString();
  }
}

const FIRST_STAGES: readonly Stage[] = [
  ...(["LEAD", "LEAD", "LEAD", "LEAD"] as const),
  ...(["MEETING", "MEETING", "MEETING"] as const),
  ...(["PROPOSAL", "PROPOSAL", "PROPOSAL"] as const),
  ...(["WON", "WON"] as const),
];
const AMOUNTS = [
  ...([18_000, 42_000, 7_500, 64_000, 120_000, 23_000] as const),
  ...([9_800, 88_000, 31_000, 54_000, 15_000, 76_000] as const),
] as const;

type Seed = Pick<Opportunity, "company" | "name" | "owner">;

const SEEDS: readonly [Seed, ...Seed[]] = [
  { company: "Northwind", name: "Annual plan", owner: "Ada Martin" },
  { company: "Globex", name: "Migration", owner: "Kenji Nakamura" },
  { company: "Initech", name: "Pilot", owner: "Grace Okafor" },
  { company: "Umbrella", name: "Support contract", owner: "Inês Silva" },
  { company: "Hooli", name: "Enterprise licence", owner: "Ada Martin" },
  { company: "Acme", name: "Renewal", owner: "Petr Novák" },
  { company: "Stark", name: "Onboarding", owner: "Grace Okafor" },
  { company: "Wayne", name: "Security review", owner: "Kenji Nakamura" },
  { company: "Soylent", name: "New office", owner: "Inês Silva" },
  { company: "Tyrell", name: "Integration", owner: "Petr Novák" },
  { company: "Cyberdyne", name: "Extra seats", owner: "Ada Martin" },
  { company: "Vandelay", name: "Expansion", owner: "Grace Okafor" },
  { company: "Aperture", name: "Trial", owner: "Kenji Nakamura" },
  { company: "Monarch", name: "Data import", owner: "Inês Silva" },
];
