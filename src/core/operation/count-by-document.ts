import type { DocumentCount } from "../pubsub/workspace.ts";
import { sha256 } from "../sha256.ts";
import type { SubscriptionPlan } from "./plan-operation.ts";

const MAX_DOCUMENTS = 20;
const MAX_OPERATION_LENGTH = 200;
const HASH_LENGTH = 12;

/** The documents that most of the running operations have, for whoever inspects a workspace. */
export async function countByDocument(running: Iterable<SubscriptionPlan>): Promise<DocumentCount[]> {
  const counts = new Map<string, Map<string | undefined, number>>();
  for (const { document, operation } of running) {
    const ofDocument = counts.get(document.source) ?? new Map<string | undefined, number>();
    const name = operation.name?.value;
    counts.set(document.source, ofDocument.set(name, (ofDocument.get(name) ?? 0) + 1));
  }
  const all = [...counts].flatMap(([source, ofDocument]) =>
    [...ofDocument].map(([name, count]) => ({ source, name, count })),
  );
  const most = all.sort((a, b) => b.count - a.count).slice(0, MAX_DOCUMENTS);
  return Promise.all(
    most.map(async ({ source, name, count }) => ({
      count,
      operation: (name ?? source).slice(0, MAX_OPERATION_LENGTH),
      hash: (await sha256(source)).slice(0, HASH_LENGTH),
    })),
  );
}
