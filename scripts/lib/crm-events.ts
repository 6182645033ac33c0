/** A batch of events as Twenty's server emits it. */
export interface CrmBatch {
  readonly name: string;
  readonly workspaceId: string;
  readonly objectMetadata: { readonly nameSingular: string };
  readonly events: readonly object[];
}

type CrmRecord = Readonly<Record<string, unknown>> & { readonly id: string; readonly updatedAt: string };

interface CrmObject {
  readonly name: string;
  readonly create: (pick: Pick) => Record<string, unknown>;
  /** One field with a new value. */
  readonly change: (pick: Pick) => Record<string, unknown>;
}

type Pick = <Item>(items: readonly Item[]) => Item;

const CITIES = ["Paris", "Lyon", "Berlin", "Lisbon", "Toronto", "Osaka"];
const FIRST_NAMES = ["Ada", "Grace", "Edsger", "Barbara", "Alan", "Katherine"];
const LAST_NAMES = ["Martin", "Okafor", "Nakamura", "Silva", "Novak", "Haddad"];
const COMPANIES = ["Northwind", "Acme", "Globex", "Initech", "Umbrella", "Hooli"];
const STAGES = ["NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER"];
const AMOUNTS = [5_000, 12_500, 40_000, 90_000];

const OBJECTS: readonly CrmObject[] = [
  {
    name: "company",
    create: (pick) => ({
      name: pick(COMPANIES),
      employees: pick([10, 50, 250, 1_000]),
      address: { addressCity: pick(CITIES) },
    }),
    change: (pick) => ({ employees: pick([11, 60, 300, 1_200]) }),
  },
  {
    name: "person",
    create: (pick) => ({
      name: { firstName: pick(FIRST_NAMES), lastName: pick(LAST_NAMES) },
      city: pick(CITIES),
      emails: { primaryEmail: `${pick(FIRST_NAMES).toLowerCase()}@example.com`, additionalEmails: [] },
    }),
    change: (pick) => ({ city: pick(CITIES) }),
  },
  {
    name: "opportunity",
    create: (pick) => ({
      name: `${pick(COMPANIES)} renewal`,
      stage: pick(STAGES),
      amount: { amountMicros: pick(AMOUNTS) * 1_000_000, currencyCode: "EUR" },
    }),
    change: (pick) => ({ stage: pick(STAGES) }),
  },
];

/**
 * An endless stream of what happens in a CRM: records are created, updated, deleted and destroyed, mostly one by one,
 * now and then as an import of twenty.
 * @param random from 0 to 1, like `Math.random`
 */
export function* crmEvents(workspaceId: string, random: () => number): Generator<CrmBatch> {
  const records = new Map<string, CrmRecord[]>(OBJECTS.map(({ name }) => [name, []]));
  const pick: Pick = (items) => items[Math.floor(random() * items.length)] ?? (items[0] as never);
  const batch = (object: CrmObject, action: string, events: object[]): CrmBatch => ({
    name: `${object.name}.${action}`,
    workspaceId,
    objectMetadata: { nameSingular: object.name },
    events,
  });
  for (;;) {
    const object = pick(OBJECTS);
    const known = records.get(object.name) ?? [];
    const chance = random();
    if (known.length === 0 || chance < 0.3) {
      const created = Array.from({ length: chance < 0.03 ? 20 : 1 }, () => create(object, pick));
      known.push(...created);
      yield batch(
        object,
        "created",
        created.map((after) => ({ recordId: after.id, properties: { after } })),
      );
    } else if (chance < 0.85) {
      const at = Math.floor(random() * known.length);
      yield batch(object, "updated", [update(object, known, at, pick)]);
    } else {
      const [gone] = known.splice(Math.floor(random() * known.length), 1);
      if (gone === undefined) continue;
      const after = { ...gone, deletedAt: new Date().toISOString() };
      if (random() < 0.5) yield batch(object, "deleted", [{ recordId: gone.id, properties: { before: gone, after } }]);
      else yield batch(object, "destroyed", [{ recordId: gone.id, properties: { before: gone } }]);
    }
  }
}

function create(object: CrmObject, pick: Pick): CrmRecord {
  const now = new Date().toISOString();
  return { id: crypto.randomUUID(), createdAt: now, updatedAt: now, deletedAt: null, ...object.create(pick) };
}

function update(object: CrmObject, known: CrmRecord[], at: number, pick: Pick): object {
  const before = known[at];
  if (before === undefined) throw new RangeError("There is no record to update.");
  const changes = object.change(pick);
  const after: CrmRecord = { ...before, ...changes, updatedAt: new Date().toISOString() };
  known[at] = after;
  const updatedFields = Object.keys(changes);
  const diff = Object.fromEntries(
    updatedFields.map((field) => [field, { before: before[field], after: after[field] }]),
  );
  return { recordId: before.id, properties: { updatedFields, before, after, diff } };
}
