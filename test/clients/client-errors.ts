/** What kind of error a client makes of the gateway's. */
export function kindOf(error: unknown): string {
  if (Array.isArray(error)) return "list of GraphQL errors";
  return error instanceof Error ? error.name : "GraphQL error";
}

/** What a client's error says: its message, or the close that it is. */
export function textOf(error: unknown): string {
  const [first] = [error].flat();
  if (typeof first !== "object" || first === null) return String(first);
  const { code, reason, message, networkError } = first as Readonly<Record<string, unknown>>;
  if (networkError) return textOf(networkError);
  return reason === undefined ? String(message || first.constructor.name) : `${code} ${reason}`;
}
