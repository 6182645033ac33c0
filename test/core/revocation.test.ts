import { describe, expect, it } from "vitest";
import type { Principal } from "../../src/core/principal.ts";
import { parseRevocation, refusalNamesOf } from "../../src/core/revocation.ts";

const [USER, USER_WORKSPACE, OTHER, KEY, APPLICATION] = [1, 2, 3, 4, 5].map(
  (n) => `aaaaaaaa-0000-4000-8000-00000000000${n}`,
) as [string, string, string, string, string];
const NOW = 1_788_220_800_999;
const TOKEN = { workspaceId: "bbbbbbbb-0000-4000-8000-000000000000", issuedAt: 1, expiresAt: 2 };

describe("refusalNamesOf", () => {
  const user = { ...TOKEN, kind: "user", userId: USER, userWorkspaceId: USER_WORKSPACE } as const;
  it.each<[string, Principal, readonly string[]]>([
    ["a user", user, ["*", `userWorkspaceId:${USER_WORKSPACE}`, `userId:${USER}`]],
    [
      "an impersonated user",
      { ...user, impersonatorUserWorkspaceId: OTHER },
      ["*", `userWorkspaceId:${USER_WORKSPACE}`, `userWorkspaceId:${OTHER}`, `userId:${USER}`],
    ],
    ["an API key", { ...TOKEN, kind: "apiKey", apiKeyId: KEY, workspaceMemberId: OTHER }, ["*", `apiKeyId:${KEY}`]],
    [
      "an application",
      { ...TOKEN, kind: "application", applicationId: APPLICATION },
      ["*", `applicationId:${APPLICATION}`],
    ],
    [
      "an application with its user",
      { ...TOKEN, kind: "application", applicationId: APPLICATION, userWorkspaceId: USER_WORKSPACE, userId: USER },
      ["*", `applicationId:${APPLICATION}`, `userWorkspaceId:${USER_WORKSPACE}`, `userId:${USER}`],
    ],
  ])("[REVOKE-3] [REVOKE-4] names %s", (_, principal, names) => expect(refusalNamesOf(principal)).toEqual(names));
});

describe("parseRevocation", () => {
  it.each<[object, readonly string[]]>([
    [{ userId: USER.toUpperCase() }, [`userId:${USER}`]],
    [{ apiKeyId: KEY, applicationId: APPLICATION }, [`apiKeyId:${KEY}`, `applicationId:${APPLICATION}`]],
    [{ all: true }, ["*"]],
    [{ all: false, userWorkspaceId: OTHER, userId: null }, [`userWorkspaceId:${OTHER}`]],
    [{ all: true, userId: USER, extra: 1 }, [`userId:${USER}`, "*"]],
  ])("[REVOKE-3] takes %j", (input, names) => {
    expect(parseRevocation(input, NOW)).toEqual({ names, issuedUntil: 1_788_220_800, isUntilNow: true });
  });

  it.each([0, 1_788_220_799, 1_788_220_801])("[REVOKE-3] takes tokens issued up to second %i", (before) => {
    expect(parseRevocation({ all: true, before }, NOW)).toMatchObject({ issuedUntil: before, isUntilNow: false });
  });

  it.each<[unknown]>([
    [undefined],
    ["all"],
    [["all"]],
    [{ all: 1 }],
    [{ all: false }],
    [{ userId: "" }],
    [{ userId: [USER] }],
    [{ userId: USER, apiKeyId: "x" }],
    [{ all: true, before: 1.5 }],
    [{ all: true, before: "1788220800" }],
    // More than a day ahead: milliseconds, by mistake.
    [{ all: true, before: NOW }],
    [{ all: true, before: Number.NaN }],
    [JSON.parse(`{"__proto__":{"all":true}}`)],
  ])("[REVOKE-5] refuses %j", (input) => {
    expect(() => parseRevocation(input, NOW)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });
});
