import { type GraphQLSchema, isScalarType } from "graphql";
import { parseUuid } from "../src/core/uuid.ts";

/** Gives the scalar `UUID` of a schema its meaning, which SDL cannot say: in lower case, as UUIDs are compared everywhere. */
export function withUuids(schema: GraphQLSchema): GraphQLSchema {
  const type = schema.getType("UUID");
  if (!isScalarType(type)) throw new TypeError("The schema has no scalar UUID.");
  type.coerceInputValue = function coerceUuid(value) {
    const uuid = parseUuid(value);
    if (uuid === undefined) throw new TypeError("Expected a UUID.");
    return uuid;
  };
  return schema;
}
