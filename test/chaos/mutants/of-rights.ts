import type { Mutant } from "./mutant.ts";

/** What can go wrong about who may have what, and until when. */
export const MUTANTS_OF_RIGHTS: readonly Mutant[] = [
  {
    name: "a revoke closes nobody",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "closeWhere(({ state }) => this.#isRefused(state.principal), CLOSE.REVOKED)",
        replace: "closeWhere(() => false, CLOSE.REVOKED)",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["afterRevoke"],
  },
  {
    name: "the expiry of a token is ignored",
    edits: [
      {
        file: "durable-objects/connection.ts",
        find: "return principal.expiresAt * 1000;",
        replace: "return principal.expiresAt * 1000 + 86_400_000;",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["afterExpiry"],
  },
  {
    name: "the expiry of a token is left to the alarm",
    edits: [
      {
        file: "durable-objects/delivery.ts",
        find: "    if (now >= connection.tokenExpiresAt) return this.#context.close(connection, CLOSE.TOKEN_EXPIRED);\n",
        replace: "",
      },
    ],
    caughtBy: "chaos:evictions",
    shownAs: ["afterExpiry"],
  },
  {
    name: "a newer token does not put off the expiry",
    edits: [
      {
        file: "durable-objects/token-refresher.ts",
        find: "connection.update({ principal, warned: false });",
        replace: "connection.update({ warned: false });",
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: "newer token" }],
  },
  {
    name: "what a message keeps for its recipients goes to everybody",
    edits: [
      {
        file: "durable-objects/delivery.ts",
        find: "if (recipients === undefined) return true;",
        replace: "if (recipients !== null) return true;",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["ofOthers"],
  },
  {
    name: "a replay gives everybody what is for its recipients",
    edits: [
      {
        file: "durable-objects/delivery.ts",
        find: `  replay(operation: RunningOperation, payload: Payload, now: number): void {
    if (!isFor(operation, payload)) return;
`,
        replace: "  replay(operation: RunningOperation, payload: Payload, now: number): void {\n",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["ofOthers"],
  },
  {
    name: "a changed role holds only for what is subscribed from then on",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    if (answer.taken) subscriptions.changeViewers();\n",
        replace: "",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["hidden"],
  },
  {
    name: "who catches up keeps the role of before",
    edits: [
      {
        file: "durable-objects/subscriptions.ts",
        find: "    operation.viewer = viewer;\n",
        replace: "    if (isLive) operation.viewer = viewer;\n",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["hidden"],
  },
  {
    name: "operations are equal whatever their callers may see",
    edits: [
      {
        file: "src/core/operation/subscription-groups.ts",
        find: "  return JSON.stringify([permissionClass, ",
        replace: '  return JSON.stringify([permissionClass === "blind", ',
      },
    ],
    caughtBy: "chaos",
    shownAs: ["hidden"],
  },
  {
    name: "a restricted field is sent",
    edits: [
      {
        file: "src/core/permissions/redact.ts",
        find: "Object.entries(record).filter(([name]) => !isHidden(name));",
        replace: "Object.entries(record).filter(([name]) => name !== '' || !isHidden(name));",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["hidden"],
  },
  {
    name: "a token that was revoked opens a socket again",
    edits: [
      {
        file: "durable-objects/workspace-pubsub.ts",
        find: "    if (this.#isRefused(upgrade.principal)) return refuseUpgrade(CLOSE.REVOKED);\n",
        replace: "",
      },
    ],
    caughtBy: "chaos",
    shownAs: [{ says: "a token that was revoked opened a line" }],
  },
  {
    name: "a message goes to another workspace as well now and then",
    edits: [
      {
        file: "src/publish/publish-by-workspace.ts",
        find: "    return await workspaceOf(workspaceId).publish(group.map(({ request }) => request));",
        replace: `    for (const other of asked.add(workspaceId)) {
      if (other !== workspaceId && Math.random() < 0.01) await workspaceOf(other).publish(group.map(({ request }) => request));
    }
    return await workspaceOf(workspaceId).publish(group.map(({ request }) => request));`,
      },
      {
        file: "src/publish/publish-by-workspace.ts",
        find: "\nasync function askWorkspace(",
        replace: "\nconst asked = new Set<string>();\n\nasync function askWorkspace(",
      },
    ],
    caughtBy: "chaos",
    shownAs: ["foreign"],
  },
];
