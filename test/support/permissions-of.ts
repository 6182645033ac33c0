import { DEFAULT_LIMITS } from "../../src/core/limits.ts";
import { parseSnapshot } from "../../src/core/permissions/parse-snapshot.ts";
import { MemoryPermissionStore } from "../../src/core/permissions/permission-store.ts";
import { Permissions } from "../../src/core/permissions/permissions.ts";
import type { Principal } from "../../src/core/principal.ts";

/** The permissions of a workspace in memory, with a snapshot as a server sends it, or without any. */
export function permissionsOf(snapshot?: object, store = new MemoryPermissionStore()): Permissions {
  const permissions = new Permissions({
    workspaceId: "w",
    stored: store,
    store: () => store,
    limits: DEFAULT_LIMITS,
    isOpen: true,
  });
  if (snapshot !== undefined) permissions.put(parseSnapshot(snapshot, DEFAULT_LIMITS));
  return permissions;
}

const FACTS = { workspaceId: "w", issuedAt: 0, expiresAt: 1 };

export function user(userWorkspaceId: string, rest: { userId?: string; workspaceMemberId?: string } = {}): Principal {
  return { ...FACTS, kind: "user", userId: "u", userWorkspaceId, ...rest };
}

export function apiKey(apiKeyId: string): Principal {
  return { ...FACTS, kind: "apiKey", apiKeyId };
}

export function application(applicationId: string, userWorkspaceId?: string): Principal {
  return { ...FACTS, kind: "application", applicationId, ...(userWorkspaceId !== undefined && { userWorkspaceId }) };
}
