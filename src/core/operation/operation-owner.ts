import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";

/** Who answers an operation: this gateway, the server behind it, or, which cannot be, each a part of it. */
export type OperationOwner = "gateway" | "upstream" | "both";

/**
 * Tells by the root fields of an operation, without validation. Fields of introspection say nothing about whose it is: an
 * operation of nothing else is the gateway's, so that its own tools see its own schema.
 */
export function ownerOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationOwner {
  const own = schema.getRootType(operation.operation)?.getFields() ?? {};
  let isOurs = false;
  let isTheirs = false;
  for (const name of rootFields(document, operation.selectionSet)) {
    if (name.startsWith("__")) continue;
    if (Object.hasOwn(own, name)) isOurs = true;
    else isTheirs = true;
  }
  if (!isTheirs) return "gateway";
  return isOurs ? "both" : "upstream";
}

/** Whether some operation of a document asks for fields that are not the gateway's. */
export function asksUpstream(schema: GraphQLSchema, document: DocumentNode): boolean {
  return document.definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION && ownerOf(schema, document, definition) !== "gateway",
  );
}

/** The names of the fields of a selection set, through its fragments, each of which is looked at once. */
function* rootFields({ definitions }: DocumentNode, selectionSet: SelectionSetNode): Iterable<string> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const open = [selectionSet];
  for (let set = open.pop(); set !== undefined; set = open.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) yield selection.name.value;
      else if (selection.kind === Kind.INLINE_FRAGMENT) open.push(selection.selectionSet);
      else {
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined) open.push(fragment.selectionSet);
        fragments.delete(selection.name.value);
      }
    }
  }
}
