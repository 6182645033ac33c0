export interface RedactBounds {
  /** Levels of arrays and objects; deeper ones are replaced by a note. */
  readonly maxDepth: number;
  /** Of the copy as JSON, in UTF-16 units, about. */
  readonly maxSize: number;
}

/**
 * A JSON copy of any value without the members that bear a secret name, at any depth, and without those names in lists.
 * It is for bodies that were refused, so nothing is known about them: cycles, any depth and all that structured clone can
 * carry are taken, and too much is left out rather than too little.
 * @returns undefined when the copy would be too large
 */
export function redact(value: unknown, secretNames: ReadonlySet<string>, bounds: RedactBounds): unknown {
  const root = copyOfList();
  const open: Open[] = [{ source: [value], copy: root, depth: 0 }];
  let size = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const isList = Array.isArray(next.source);
    for (const [key, member] of Object.entries(next.source)) {
      const name = isList ? member : key;
      if (typeof name === "string" && (secretNames.has(name) || name === "__proto__")) continue;
      size += key.length + (typeof member === "string" ? member.length : 1);
      if (size > bounds.maxSize) return undefined;
      if (isContainer(member) && next.depth < bounds.maxDepth) {
        const copy = Array.isArray(member) ? copyOfList() : copyOfObject();
        next.copy.put(key, copy.value);
        open.push({ source: member, copy, depth: next.depth + 1 });
      } else {
        next.copy.put(key, leafOf(member, secretNames));
      }
    }
  }
  return root.value[0];
}

/** A list or object whose members are still to be copied. */
interface Open {
  readonly source: object;
  readonly copy: { put(key: string, member: unknown): void };
  readonly depth: number;
}

function copyOfList() {
  const value: unknown[] = [];
  return { value, put: (_: string, member: unknown) => void value.push(member) };
}

function copyOfObject() {
  const value: Record<string, unknown> = {};
  return {
    value,
    put(key: string, member: unknown) {
      value[key] = member;
    },
  };
}

function isContainer(value: unknown): value is object {
  return Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
}

function leafOf(value: unknown, secretNames: ReadonlySet<string>): unknown {
  switch (typeof value) {
    case "string":
      return mayHide(value, secretNames) ? "[left out: it may hold a secret field]" : value;
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return value.toJSON();
      return isContainer(value) ? "[left out: nested too deep]" : "[left out: no JSON]";
    default:
      return value;
  }
}

/** JSON inside a string has its members out of reach. */
function mayHide(text: string, secretNames: ReadonlySet<string>): boolean {
  return /^\s*["[{]/.test(text) && [...secretNames].some((name) => text.includes(name));
}
