/** Everything that `onDbEvent` has to say. */
export const ON_DB_EVENT = `subscription OnDbEvent($input: OnDbEventInput!) {
  onDbEvent(input: $input) { action objectNameSingular eventDate record updatedFields }
}`;

/** A subscription to every record event under an id. */
export function subscribeToAll(id: string) {
  return { type: "subscribe", id, payload: { query: ON_DB_EVENT, variables: { input: {} } } };
}

/** A published `<object>.<action>` of one record per name. */
export function recordBatch(workspaceId: string, name: string, ...recordNames: readonly string[]) {
  const events = recordNames.map((recordName) => {
    const after = { id: `id-${recordName}`, name: recordName };
    return { recordId: after.id, properties: { updatedFields: ["name"], before: { ...after, name: "" }, after } };
  });
  return { name, workspaceId, events };
}

export function personUpdated(workspaceId: string, ...recordNames: readonly string[]) {
  return recordBatch(workspaceId, "person.updated", ...recordNames);
}

/** The names of the records in `next` frames, in order. */
export function recordNames(frames: readonly object[]): unknown[] {
  return frames.map((frame) => {
    const { payload } = frame as { payload?: { data?: { onDbEvent?: { record?: { name?: unknown } } } } };
    return payload?.data?.onDbEvent?.record?.name;
  });
}
