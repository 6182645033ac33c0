import { runInDurableObject } from "cloudflare:test";
import type { newWorkspace } from "./workspace.ts";

/** What a storage may refuse to write. */
export const REFUSED = ["messages", "operations", "anything"] as const;
export type Refused = (typeof REFUSED)[number];

const TABLES_OF: Readonly<Record<Exclude<Refused, "anything">, readonly string[]>> = {
  messages: ["log"],
  operations: ["operations", "streams", "stream_queries"],
};
const CHANGES = ["INSERT", "UPDATE", "DELETE"] as const;

type Stub = ReturnType<typeof newWorkspace>["stub"];

/**
 * Has the storage of an object refuse to write, as a full one does. It must have been written to before.
 * @param messageIds the only messages that it refuses, of those that are published
 */
export async function refuseWrites(stub: Stub, what: Refused, messageIds: readonly string[] = []): Promise<void> {
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const ids = messageIds.map((id) => `'${id}'`).join();
    for (const { name: table } of sql.exec<{ name: string }>(ALL_TABLES).toArray()) {
      if (what !== "anything" && !TABLES_OF[what].includes(table)) continue;
      for (const change of CHANGES) {
        const when = what === "messages" && change === "INSERT" ? `WHEN NEW.id IN (${ids})` : "";
        sql.exec(
          `CREATE TRIGGER no_${change}_${table} BEFORE ${change} ON ${table} ${when} BEGIN SELECT RAISE(ABORT, 'full'); END`,
        );
      }
    }
  });
}

/** Has it write again. */
export async function takeWrites(stub: Stub): Promise<void> {
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const triggers = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'").toArray();
    for (const { name } of triggers) sql.exec(`DROP TRIGGER ${name}`);
  });
}

/** Those of the platform and of SQLite take no triggers. */
const ALL_TABLES = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'
                AND name NOT LIKE 'sqlite%'`;
