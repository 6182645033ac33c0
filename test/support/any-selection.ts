import fc from "fast-check";
import { GraphQLObjectType, getNamedType, isCompositeType } from "graphql";

/** Selections of a type that fragments make. */
export type FragmentsOf = (typeName: string) => readonly string[];

/**
 * Any selection of a type, valid more often than not, with aliases and with directives on the variable `$flag`.
 * @param elsewhere what is selected of an abstract type
 */
export function anySelection(
  type: unknown,
  depth: number,
  fragmentsOf: FragmentsOf = () => [],
  elsewhere = "{ __typename }",
): fc.Arbitrary<string> {
  if (!(type instanceof GraphQLObjectType)) return fc.constant(elsewhere);
  const isRoot = type.name === "Subscription";
  const fields = Object.values(type.getFields()).map((field) => {
    const below = getNamedType(field.type);
    const selection =
      isCompositeType(below) && depth > 0
        ? anySelection(below, depth - 1, fragmentsOf, elsewhere)
        : fc.constant(isCompositeType(below) ? "{ __typename }" : "");
    const around = fc.constantFrom("", "", "", "a: ", "name: ");
    const directive = isRoot
      ? fc.constant("")
      : fc.constantFrom("", "", "", " @include(if: $flag)", " @skip(if: $flag)");
    return fc.tuple(around, directive, selection).map(([alias, on, set]) => `${alias}${field.name}${on} ${set}`);
  });
  const others = isRoot ? [] : ["__typename", ...fragmentsOf(type.name)].map((selection) => fc.constant(selection));
  const items = fc.array(fc.oneof(...fields, ...others), { minLength: 1, maxLength: isRoot ? 1 : 4 });
  return items.map((selections) => `{ ${selections.join(" ")} }`);
}
