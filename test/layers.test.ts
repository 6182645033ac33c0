import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { buildSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { catalogue } from "../schema/index.ts";
import { serverCatalogueIn } from "../schema/server-catalogue.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** What the files of a folder may import: files by the beginning of their path, packages by name. */
interface Layer {
  readonly folder: string;
  /** Folders within it that are layers of their own. */
  readonly without?: readonly string[];
  readonly mayImport: readonly string[];
}

const PLATFORM = ["cloudflare:workers", "@cloudflare/workers-types"];
const CORE = ["src/core/", "graphql"];
const SCHEMA = [...CORE, "schema/", "package.json"];
const AUTH = [...CORE, "src/auth/", "jose"];
const OBJECT = [...new Set([...SCHEMA, ...AUTH, "durable-objects/", "uuid", ...PLATFORM])];
const CLIENT = [
  ...["client/", "src/core/protocol/", "src/core/pubsub/position.ts", "src/core/pubsub/trigger.ts"],
  ...["graphql", "graphql-ws", "@apollo/client"],
];
const EDGE = [...OBJECT, "src/", "hono", "graphql-yoga"];

/** The table of docs/architecture.md: a layer imports itself and what is below it. */
const LAYERS: readonly Layer[] = [
  { folder: "src/core/", mayImport: CORE },
  { folder: "schema/", mayImport: SCHEMA },
  { folder: "src/auth/", mayImport: AUTH },
  { folder: "durable-objects/", mayImport: OBJECT },
  { folder: "src/", without: ["src/core/", "src/auth/"], mayImport: EDGE },
  { folder: "client/", mayImport: CLIENT },
];

interface Import {
  readonly from: string;
  /** A path within the repository, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Every import and re-export of a file. None of ours is computed, and none stands within a line of other code. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:([^;"]*?)\s+from\s+)?"([^"]+)"/gm);
  return Array.from(statements, ([, type, names, specifier = ""]) => ({
    from: file,
    to: specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : packageOf(specifier),
    typeOnly: type !== undefined || (names !== undefined && onlyTypes(names)),
  }));
}

/** Whether braces hold nothing but `type` names. */
function onlyTypes(names: string): boolean {
  const inBraces = /^\{(.*)\}$/s.exec(names.trim())?.[1]?.split(",") ?? [];
  const named = inBraces.map((name) => name.trim()).filter((name) => name !== "");
  return named.length > 0 && named.every((name) => name.startsWith("type "));
}

function packageOf(specifier: string): string {
  if (/^(node|cloudflare):/.test(specifier)) return specifier;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function filesIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

const filesOf = ({ folder, without = [] }: Layer) =>
  filesIn(folder).filter((file) => !without.some((other) => file.startsWith(other)));

describe("layers", () => {
  it.each(LAYERS)("$folder imports only what it may", (layer) => {
    const imports = filesOf(layer).flatMap(importsOf);
    expect(imports.length).toBeGreaterThan(0);
    const isAllowed = ({ to }: Import) =>
      layer.mayImport.some((allowed) => (allowed.endsWith("/") ? to.startsWith(allowed) : to === allowed));
    expect(imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it("import only files that are there", () => {
    const imports = LAYERS.flatMap(filesOf).flatMap(importsOf);
    const files = imports.filter(({ to }) => /^(src|schema|durable-objects)\//.test(to));
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter(({ to }) => !existsSync(join(ROOT, to)))).toEqual([]);
  });

  it("have no cycle of imports, but for types", () => {
    const edges = new Map<string, string[]>();
    for (const file of LAYERS.flatMap(filesOf)) {
      edges.set(
        file,
        importsOf(file).flatMap(({ to, typeOnly }) => (typeOnly ? [] : [to])),
      );
    }
    expect(findCycle(edges)).toBeUndefined();
  });
});

describe("the reader of imports", () => {
  it.each<[string, readonly string[]]>([
    ["src/core/pubsub/memory-replay-log.ts", ["src/core/text-size.ts", "src/core/pubsub/replay-log.ts"]],
    ["src/worker.ts", ["durable-objects/workspace-pubsub.ts", "src/edge/app.ts"]],
    ["schema/index.ts", ["graphql", "package.json", "schema/schema.graphql"]],
  ])("finds those of %s", (file, some) => {
    expect(importsOf(file).map(({ to }) => to)).toEqual(expect.arrayContaining([...some]));
  });

  it("tells types from values", () => {
    const types = importsOf("src/core/pubsub/memory-replay-log.ts").filter(({ typeOnly }) => typeOnly);
    expect(types.map(({ to }) => to)).toEqual(["src/core/pubsub/publish-request.ts"]);
    expect([" { type A, type B } ", "{\n  type A,\n}", "{ A, type B }", "A", "{}"].map(onlyTypes)).toEqual([
      ...[true, true],
      ...[false, false, false],
    ]);
  });

  it("finds a cycle", () => {
    const cycle = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["d", ["b"]],
    ]);
    expect(findCycle(cycle)).toEqual(["b", "d", "b"]);
  });
});

describe("subscription fields", () => {
  const sdl = readFileSync(join(ROOT, "schema/schema.graphql"), "utf8");
  const inSchema = Object.keys(buildSchema(sdl).getSubscriptionType()?.getFields() ?? {});

  it("are in the catalogue when they are in the schema", () => {
    expect([...catalogue.subscriptions.keys()].sort()).toEqual(inSchema.sort());
  });

  it("are in the catalogue when they are in a file of schema/subscriptions, under the name that they export", () => {
    const exported = filesIn("schema/subscriptions/").flatMap((file) => {
      const text = readFileSync(join(ROOT, file), "utf8");
      return Array.from(text.matchAll(/^export const (\w+) = define\w*Subscription/gm), ([, name = ""]) => name);
    });
    expect(exported.length).toBe(filesIn("schema/subscriptions/").length);
    expect(exported.sort()).toEqual([...catalogue.subscriptions.keys()].sort());
    for (const [name, field] of catalogue.subscriptions) expect(field.name).toBe(name);
  });

  it("of servers are those of their schema, and none has the name of one of clients", () => {
    const { schema, subscriptions } = serverCatalogueIn("");
    expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toEqual([...subscriptions.keys()]);
    expect([...subscriptions.keys()].filter((name) => catalogue.subscriptions.has(name))).toEqual([]);
  });
});

/** The files of a cycle, the first one twice; undefined when there is none. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
