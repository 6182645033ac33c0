/** What a subscription wants: one part per dimension of its field, undefined meaning any. */
export type Interest = readonly (string | undefined)[];

/**
 * Finds those who want an occurrence without asking those who do not: one look-up for each combination of parts that
 * anybody of its field asks for, however many subscribers there are.
 */
export class SubscriptionIndex<Item> {
  readonly #fields = new Map<string, Shape<Item>[]>();

  /** How many different interests there are. */
  get size(): number {
    let size = 0;
    for (const shapes of this.#fields.values()) for (const { items } of shapes) size += items.size;
    return size;
  }

  add(field: string, interest: Interest, item: Item): void {
    const shapes = this.#fields.get(field) ?? [];
    this.#fields.set(field, shapes);
    const any = anyOf(interest);
    let shape = shapes.find((known) => known.any === any);
    if (shape === undefined) {
      const asked = [...interest.keys()].filter((i) => interest[i] !== undefined);
      shape = { any, asked, items: new Map() };
      shapes.push(shape);
      shapes.sort((one, other) => one.any - other.any);
    }
    const key = keyOf(interest, shape);
    const items = shape.items.get(key);
    if (items === undefined) shape.items.set(key, new Set([item]));
    else items.add(item);
  }

  delete(field: string, interest: Interest, item: Item): void {
    const shapes = this.#fields.get(field) ?? [];
    const any = anyOf(interest);
    const shape = shapes.find((known) => known.any === any);
    if (shape === undefined) return;
    const key = keyOf(interest, shape);
    const items = shape.items.get(key);
    items?.delete(item);
    if (items?.size === 0) shape.items.delete(key);
    if (shape.items.size === 0) shapes.splice(shapes.indexOf(shape), 1);
    if (shapes.length === 0) this.#fields.delete(field);
  }

  /** Everybody whose interest fits the topic; whoever asks for every part comes first, in whatever order they came. */
  match(field: string, topic: readonly string[]): readonly Item[] {
    const found: Item[] = [];
    for (const shape of this.#fields.get(field) ?? []) {
      for (const item of shape.items.get(keyOf(topic, shape)) ?? []) found.push(item);
    }
    return found;
  }
}

/** Those whose interests have the same parts. */
interface Shape<Item> {
  readonly any: number;
  /** The dimensions of the parts. */
  readonly asked: readonly number[];
  /** By the parts. */
  readonly items: Map<string, Set<Item>>;
}

/** The dimensions in which an interest has no part, as bits. */
function anyOf(interest: Interest): number {
  let any = 0;
  for (let i = 0; i < interest.length; i++) if (interest[i] === undefined) any |= 1 << i;
  return any;
}

/** Of several parts each has its length before it, so that no text from outside can be mistaken for two of them. */
function keyOf(parts: Interest, { asked }: Shape<unknown>): string {
  const [only = 0] = asked;
  if (asked.length === 1) return parts[only] ?? "";
  let key = "";
  for (const i of asked) {
    const part = parts[i] ?? "";
    key += `${part.length} ${part}`;
  }
  return key;
}
