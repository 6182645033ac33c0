import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  type SelectionSetNode,
} from "graphql";
import { codedError } from "./coded-error.ts";

/** What selections may come to with every fragment written out where it is spread. */
export interface SelectionLimits {
  /** Fields, inline fragments and spreads. */
  readonly tokens: number;
  /** Fields in fields. */
  readonly depth: number;
  /** Fields that one place of the answer is made of. */
  readonly repeats: number;
  /** Fields under an alias, each of which is in the answer besides itself. */
  readonly aliases: number;
}

/**
 * Walks a document as execution will: fields of one response name are one place of the answer, and what stands below them
 * is looked at together. So it bounds what an event costs, and what validation costs before: that compares each field
 * with every other of its place.
 * @throws GraphQLError DOCUMENT_TOO_LARGE, DOCUMENT_TOO_DEEP
 */
export function checkSelections(document: DocumentNode, limits: SelectionLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const walked = new Set<FragmentDefinitionNode>();
  let selections = 0;
  let aliases = 0;

  /** Adds the fields of a selection set to those of their place, each fragment once. */
  function collect(selectionSet: SelectionSetNode, place: Place): void {
    for (const selection of selectionSet.selections) {
      selections++;
      if (selections > limits.tokens) throw tooManySelections(limits);
      if (selection.kind === Kind.FIELD) {
        if (selection.alias !== undefined) aliases++;
        if (aliases > limits.aliases) throw tooManyAliases(limits);
        const name = (selection.alias ?? selection.name).value;
        const fields = place.fields.get(name);
        if (fields === undefined) place.fields.set(name, [selection]);
        else fields.push(selection);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet, place);
      else {
        const fragment = fragments.get(selection.name.value);
        // Validation refuses what is not defined.
        if (fragment === undefined || place.fragments.has(fragment)) continue;
        place.fragments.add(fragment);
        walked.add(fragment);
        collect(fragment.selectionSet, place);
      }
    }
  }

  function walk(selectionSets: readonly SelectionSetNode[], depth: number): void {
    const place: Place = { fields: new Map(), fragments: new Set() };
    for (const selectionSet of selectionSets) collect(selectionSet, place);
    // A fragment that spreads itself below a field ends here; validation would refuse it.
    if (place.fields.size > 0 && depth > limits.depth) throw tooDeep(limits);
    for (const fields of place.fields.values()) {
      if (fields.length > limits.repeats) throw tooOften(limits);
      const below = fields.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) walk(below, depth + 1);
    }
  }

  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) walk([definition.selectionSet], 1);
  }
  // Validation looks at unused fragments too, before it refuses them.
  for (const fragment of fragments.values()) {
    if (!walked.has(fragment)) walk([fragment.selectionSet], 1);
  }
}

/** The error of a document that nests too deep. */
export function tooDeep({ depth }: Pick<SelectionLimits, "depth">): GraphQLError {
  return codedError("DOCUMENT_TOO_DEEP", `A document may nest ${depth} levels.`);
}

/** Where fields meet that are merged in the answer. */
interface Place {
  readonly fields: Map<string, FieldNode[]>;
  readonly fragments: Set<FragmentDefinitionNode>;
}

function tooManySelections({ tokens }: SelectionLimits): GraphQLError {
  return codedError("DOCUMENT_TOO_LARGE", `A document may have ${tokens} selections, with its fragments written out.`);
}

function tooManyAliases({ aliases }: SelectionLimits): GraphQLError {
  return codedError("DOCUMENT_TOO_LARGE", `A document may have ${aliases} aliases, with its fragments written out.`);
}

function tooOften({ repeats }: SelectionLimits): GraphQLError {
  return codedError("DOCUMENT_TOO_LARGE", `A document may select a field ${repeats} times in one place.`);
}
