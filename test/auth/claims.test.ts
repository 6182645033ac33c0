import { describe, expect, it } from "vitest";
import { parseClaims } from "../../src/auth/claims.ts";
import { ACCEPTED_TYPES } from "../../src/auth/token-types.ts";
import { identityOf } from "../../src/core/principal.ts";
import { ACCESS_CLAIMS, OTHER_ID, refusalOf, START, USER_ID, USER_WORKSPACE_ID, WORKSPACE_ID } from "./support.ts";

const SECONDS = START / 1000;
const TIMES = { iat: SECONDS, exp: SECONDS + 1800 };
const API_KEY = { ...TIMES, type: "API_KEY", sub: WORKSPACE_ID, workspaceId: WORKSPACE_ID, jti: OTHER_ID };
const APPLICATION = { ...TIMES, type: "APPLICATION_ACCESS", workspaceId: WORKSPACE_ID, applicationId: OTHER_ID };
const FACTS = { workspaceId: WORKSPACE_ID, issuedAt: SECONDS, expiresAt: SECONDS + 1800 };

function principalOf(payload: Record<string, unknown>, now = START) {
  return parseClaims(payload, now).principal;
}

function refused(payload: Record<string, unknown>, now = START): Promise<string> {
  return refusalOf((async () => parseClaims(payload, now))());
}

describe("types", () => {
  it.each(["ACCESS", "PLAYGROUND"])("%s speaks for a user", (type) => {
    const principal = principalOf({ ...ACCESS_CLAIMS, type, workspaceMemberId: OTHER_ID });
    expect(principal).toEqual({
      ...FACTS,
      kind: "user",
      userId: USER_ID,
      userWorkspaceId: USER_WORKSPACE_ID,
      workspaceMemberId: OTHER_ID,
    });
    expect(identityOf(principal)).toBe(`user:${USER_WORKSPACE_ID}`);
  });

  it("API_KEY speaks for a key", () => {
    expect(principalOf(API_KEY)).toEqual({ ...FACTS, kind: "apiKey", apiKeyId: OTHER_ID });
  });

  it.each(["APPLICATION", "APPLICATION_ACCESS"])("%s speaks for an application", (type) => {
    expect(principalOf({ ...APPLICATION, type })).toEqual({ ...FACTS, kind: "application", applicationId: OTHER_ID });
  });

  it("an application may act for a user", () => {
    const ofUser = { ...APPLICATION, userId: USER_ID, userWorkspaceId: USER_WORKSPACE_ID };
    expect(principalOf(ofUser)).toMatchObject({ userId: USER_ID, userWorkspaceId: USER_WORKSPACE_ID });
  });

  it.each(["REFRESH", "WORKSPACE_AGNOSTIC", "LOGIN", "FILE", "APPLICATION_REFRESH"])(
    "%s is refused by name",
    async (type) => {
      expect(await refused({ ...ACCESS_CLAIMS, type })).toBe(`The token's type ${type} is not accepted here.`);
    },
  );

  it.each([["access"], ["HELLO <script>"], [undefined], [null], [7], [["ACCESS"]], ["toString"]])(
    "type %j is refused without repeating it",
    async (type) => {
      expect(await refused({ ...ACCESS_CLAIMS, type })).toBe("The token's type is not accepted here.");
    },
  );
});

describe("ids", () => {
  it("are used in lower case, while the workspace is kept as written for the secret", () => {
    const upper = Object.entries(ACCESS_CLAIMS).map(([name, value]) => [
      name,
      typeof value === "string" ? value.toUpperCase() : value,
    ]);
    const claims = parseClaims(Object.fromEntries(upper), START);
    expect(claims.workspaceIdAsWritten).toBe(WORKSPACE_ID.toUpperCase());
    expect(claims.principal).toEqual({ ...FACTS, kind: "user", userId: USER_ID, userWorkspaceId: USER_WORKSPACE_ID });
  });

  const bad = [
    undefined,
    null,
    "",
    "x",
    5,
    {},
    [WORKSPACE_ID],
    `${WORKSPACE_ID}0`,
    ` ${WORKSPACE_ID}`,
    `${WORKSPACE_ID}\n`,
  ];
  it.each(ACCEPTED_TYPES.flatMap((type) => bad.map((workspaceId) => [type, workspaceId] as const)))(
    "%s needs a UUID workspaceId, not %j",
    async (type, workspaceId) => {
      const payload = { ...ACCESS_CLAIMS, jti: OTHER_ID, applicationId: OTHER_ID, type, workspaceId };
      expect(await refused(payload)).toBe("The token's workspaceId claim is not a UUID.");
    },
  );

  it.each(["ACCESS", "PLAYGROUND"])("%s needs a user and a userWorkspaceId", async (type) => {
    const { userWorkspaceId: _, ...withoutMembership } = ACCESS_CLAIMS;
    expect(await refused({ ...withoutMembership, type })).toContain("userWorkspaceId");
    const { sub: _sub, userId: _userId, ...withoutUser } = ACCESS_CLAIMS;
    expect(await refused({ ...withoutUser, type })).toContain("userId");
  });

  it("either sub or userId names the user, and both must agree", async () => {
    const { sub, userId, ...rest } = ACCESS_CLAIMS;
    expect(principalOf({ ...rest, sub })).toMatchObject({ userId: USER_ID });
    expect(principalOf({ ...rest, userId })).toMatchObject({ userId: USER_ID });
    expect(principalOf({ ...rest, userId, sub: sub.toUpperCase() })).toMatchObject({ userId: USER_ID });
    expect(await refused({ ...rest, userId, sub: OTHER_ID })).toBe("The token's sub and userId claims differ.");
    expect(await refused({ ...rest, userId, sub: 7 })).toContain("sub");
  });

  it("an API key needs a jti, and a sub that is its workspaceId in any case of letters", async () => {
    expect(principalOf({ ...API_KEY, sub: WORKSPACE_ID.toUpperCase() })).toMatchObject({ kind: "apiKey" });
    expect(await refused({ ...API_KEY, jti: undefined })).toContain("jti");
    expect(await refused({ ...API_KEY, jti: "key" })).toContain("jti");
    for (const sub of [undefined, OTHER_ID, "", 1]) expect(await refused({ ...API_KEY, sub })).toContain("sub");
  });

  it("an application needs an applicationId, and a sound userWorkspaceId if any", async () => {
    expect(await refused({ ...APPLICATION, applicationId: undefined })).toContain("applicationId");
    expect(await refused({ ...APPLICATION, userWorkspaceId: "me" })).toContain("userWorkspaceId");
    expect(principalOf({ ...APPLICATION, userWorkspaceId: null })).not.toHaveProperty("userWorkspaceId");
  });

  it.each([[7], ["x".repeat(5_000)], [{ id: OTHER_ID }]])(
    "an optional id of a wrong type or size is refused",
    async (id) => {
      expect(await refused({ ...ACCESS_CLAIMS, workspaceMemberId: id })).toContain("workspaceMemberId");
    },
  );
});

describe("times", () => {
  it.each(["iat", "exp"])("%s is required and must be a time", async (name) => {
    for (const value of [
      undefined,
      null,
      "1788220800",
      Number.NaN,
      -1,
      1e300,
      Number.POSITIVE_INFINITY,
      START * 1_000,
    ]) {
      expect(await refused({ ...ACCESS_CLAIMS, [name]: value })).toBe(
        `The token's ${name} claim is not a time in epoch seconds.`,
      );
    }
  });

  it("iat may be 60 s ahead and no more", async () => {
    expect(principalOf({ ...ACCESS_CLAIMS, iat: SECONDS + 60 })).toMatchObject({ issuedAt: SECONDS + 60 });
    expect(await refused({ ...ACCESS_CLAIMS, iat: SECONDS + 61 })).toBe("The token's iat claim is in the future.");
    expect(await refused({ ...ACCESS_CLAIMS, iat: SECONDS + 60 }, START - 1)).toContain("iat");
  });

  it("a token is good until its expiry and not a millisecond longer", async () => {
    expect(principalOf(ACCESS_CLAIMS, ACCESS_CLAIMS.exp * 1000 - 1)).toMatchObject({ kind: "user" });
    expect(await refused(ACCESS_CLAIMS, ACCESS_CLAIMS.exp * 1000)).toBe("The token has expired.");
  });

  it("nbf is honoured when it is there", async () => {
    expect(principalOf({ ...ACCESS_CLAIMS, nbf: SECONDS })).toMatchObject({ kind: "user" });
    expect(await refused({ ...ACCESS_CLAIMS, nbf: SECONDS + 1 })).toBe("The token is not valid yet (nbf).");
    expect(await refused({ ...ACCESS_CLAIMS, nbf: "0" })).toContain("nbf");
    expect(await refused({ ...ACCESS_CLAIMS, nbf: null })).toContain("nbf");
  });

  it("a fraction of a second never lengthens a token's life", async () => {
    const payload = { ...ACCESS_CLAIMS, iat: SECONDS - 0.5, exp: SECONDS + 10.9 };
    expect(principalOf(payload)).toMatchObject({ issuedAt: SECONDS - 1, expiresAt: SECONDS + 10 });
    expect(await refused(payload, START + 10_000)).toBe("The token has expired.");
  });
});

describe("impersonation", () => {
  const impersonating = {
    ...ACCESS_CLAIMS,
    isImpersonating: true,
    impersonatorUserWorkspaceId: OTHER_ID,
    impersonatedUserWorkspaceId: USER_WORKSPACE_ID,
  };

  it("names who acts, when the claims agree", () => {
    expect(principalOf(impersonating)).toMatchObject({ impersonatorUserWorkspaceId: OTHER_ID });
    const upper = { ...impersonating, impersonatedUserWorkspaceId: USER_WORKSPACE_ID.toUpperCase() };
    expect(principalOf(upper)).toMatchObject({ impersonatorUserWorkspaceId: OTHER_ID });
  });

  it.each([[undefined], [false]])("nobody acts when isImpersonating is %j", (isImpersonating) => {
    const principal = principalOf({ ...ACCESS_CLAIMS, isImpersonating, impersonatorUserWorkspaceId: null });
    expect(principal).not.toHaveProperty("impersonatorUserWorkspaceId");
  });

  it.each([["true"], [1], [null], [{}]])("isImpersonating is not %j", async (isImpersonating) => {
    expect(await refused({ ...impersonating, isImpersonating })).toBe(
      "The token's isImpersonating claim is not a boolean.",
    );
  });

  it.each([
    ["without the impersonator", { impersonatorUserWorkspaceId: undefined }],
    ["without the impersonated", { impersonatedUserWorkspaceId: undefined }],
    ["with an impersonator that is no UUID", { impersonatorUserWorkspaceId: "boss" }],
    ["of another user", { impersonatedUserWorkspaceId: WORKSPACE_ID }],
    ["of oneself", { impersonatorUserWorkspaceId: USER_WORKSPACE_ID }],
    ["with ids but isImpersonating false", { isImpersonating: false }],
    ["with ids but no isImpersonating", { isImpersonating: undefined }],
    ["with one id but isImpersonating false", { isImpersonating: false, impersonatorUserWorkspaceId: undefined }],
  ])("one %s is refused", async (_, change) => {
    expect(await refused({ ...impersonating, ...change })).toMatch(/impersonat/);
  });

  it("an API key impersonates nobody", async () => {
    expect(await refused({ ...API_KEY, isImpersonating: "yes" })).toContain("isImpersonating");
    expect(await refused({ ...impersonating, ...API_KEY, userWorkspaceId: undefined })).toContain("impersonat");
  });
});
