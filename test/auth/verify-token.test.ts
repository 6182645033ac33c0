import fc from "fast-check";
import { base64url } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { twentySecret } from "../../src/auth/twenty-secret.ts";
import { SettingsError } from "../../src/core/settings.ts";
import {
  ACCESS_CLAIMS,
  APP_SECRET,
  JWKS_URL,
  KID,
  makeKey,
  OTHER_ID,
  refusalOf,
  START,
  TestClock,
  TestFetch,
  type TestKey,
  tokenOf,
  tokenWithHeader,
  USER_WORKSPACE_ID,
  verifierWith,
  WORKSPACE_ID,
} from "./support.ts";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey();
});

describe("HS256", () => {
  const verifier = verifierWith();

  it.each(["ACCESS", "PLAYGROUND", "API_KEY", "APPLICATION", "APPLICATION_ACCESS"])("%s verifies", async (type) => {
    expect(await verifier.verify(await tokenOf({ type }))).toMatchObject({ workspaceId: WORKSPACE_ID });
  });

  it("an API key signed as ACCESS verifies, nothing else under another type's secret", async () => {
    expect(await verifier.verify(await tokenOf({ type: "API_KEY", signedAs: "ACCESS" }))).toMatchObject({
      kind: "apiKey",
    });
    for (const [type, signedAs] of [
      ["ACCESS", "API_KEY"],
      ["PLAYGROUND", "ACCESS"],
      ["APPLICATION", "ACCESS"],
      ["APPLICATION_ACCESS", "APPLICATION"],
      ["API_KEY", "APPLICATION"],
      ["ACCESS", "REFRESH"],
    ]) {
      const token = await tokenOf({ ...(type && { type }), ...(signedAs && { signedAs }) });
      expect(await refusalOf(verifier.verify(token))).toBe("The token's signature does not verify.");
    }
  });

  it("the secret is made of the workspaceId as written, the principal is in lower case", async () => {
    const upper = WORKSPACE_ID.toUpperCase();
    expect(await verifier.verify(await tokenOf({ workspaceId: upper }))).toMatchObject({ workspaceId: WORKSPACE_ID });
    const lowerSecret = await twentySecret(APP_SECRET, WORKSPACE_ID, "ACCESS");
    const token = await tokenWithHeader({ alg: "HS256" }, lowerSecret, { ...ACCESS_CLAIMS, workspaceId: upper });
    expect(await refusalOf(verifier.verify(token))).toContain("signature");
  });

  it("every other type is refused, whatever its signature", async () => {
    for (const type of ["REFRESH", "LOGIN", "WORKSPACE_AGNOSTIC", "FILE"]) {
      expect(await refusalOf(verifier.verify(await tokenOf({ type })))).toContain(type);
      expect(await refusalOf(verifier.verify(await tokenOf({ type, key })))).toContain(type);
    }
  });

  it("another APP_SECRET does not verify", async () => {
    expect(await refusalOf(verifier.verify(await tokenOf({ appSecret: "another" })))).toContain("signature");
  });

  it("another workspace's token does not become ours by its claim", async () => {
    const secret = await twentySecret(APP_SECRET, OTHER_ID, "ACCESS");
    expect(await refusalOf(verifier.verify(await tokenWithHeader({ alg: "HS256" }, secret)))).toContain("signature");
  });

  it("the keys of workspaces, and of types, are kept apart, however often they were used", async () => {
    const others = [{ workspaceId: OTHER_ID }, { type: "PLAYGROUND" }];
    for (const options of [{}, ...others]) await verifier.verify(await tokenOf(options));
    const secret = await twentySecret(APP_SECRET, WORKSPACE_ID, "ACCESS");
    for (const { workspaceId = WORKSPACE_ID, type = "ACCESS" } of [...others, ...others]) {
      const token = await tokenWithHeader({ alg: "HS256" }, secret, { ...ACCESS_CLAIMS, workspaceId, type });
      expect(await refusalOf(verifier.verify(token))).toBe("The token's signature does not verify.");
    }
    expect(await verifier.verify(await tokenOf({}))).toMatchObject({ workspaceId: WORKSPACE_ID });
  });

  it("HS256=off and a missing APP_SECRET say so", async () => {
    const token = await tokenOf();
    expect(await refusalOf(verifierWith({ HS256: "off" }).verify(token))).toContain("HS256=off");
    expect(await refusalOf(verifierWith({ APP_SECRET: undefined }).verify(token))).toContain("APP_SECRET");
  });

  it("a kid in an HS256 header changes nothing", async () => {
    expect(await verifier.verify(await tokenWithHeader({ alg: "HS256", kid: KID }))).toMatchObject({ kind: "user" });
  });

  it("expiry has no tolerance", async () => {
    const clock = new TestClock();
    const strict = verifierWith({}, clock);
    const token = await tokenOf({ expiresInSeconds: 60 });
    clock.advance(59_999);
    expect(await strict.verify(token)).toMatchObject({ expiresAt: START / 1000 + 60 });
    clock.advance(1);
    expect(await refusalOf(strict.verify(token))).toBe("The token has expired.");
  });
});

describe("ES256", () => {
  it.each(["jwk", "pem"] as const)("verifies with a configured %s", async (form) => {
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: key[form] }), HS256: "off" });
    for (const type of ["ACCESS", "PLAYGROUND", "API_KEY", "APPLICATION_ACCESS"]) {
      expect(await verifier.verify(await tokenOf({ type, key }))).toMatchObject({ workspaceId: WORKSPACE_ID });
    }
  });

  it("finds the key in any case of letters, in the setting and in the header", async () => {
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID.toUpperCase()]: key.pem }) });
    const token = await tokenOf({ key: { ...key, kid: KID.toUpperCase() } });
    expect(await verifier.verify(token)).toMatchObject({ userWorkspaceId: USER_WORKSPACE_ID });
  });

  it("a private JWK among the settings only lends its public half", async () => {
    const { d: _, ...publicJwk } = key.jwk;
    const verifier = verifierWith({
      SIGNING_KEYS: JSON.stringify({ [KID]: { ...publicJwk, d: "AAAA", key_ops: ["sign"] } }),
    });
    expect(await verifier.verify(await tokenOf({ key }))).toMatchObject({ kind: "user" });
  });

  it("a key that no one knows is refused", async () => {
    const token = await tokenOf({ key: { ...key, kid: OTHER_ID } });
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: key.pem }) });
    expect(await refusalOf(verifier.verify(token))).toBe("The token's signing key is not known here.");
    expect(await refusalOf(verifierWith().verify(token))).toBe("The token's signing key is not known here.");
  });

  it("another key under a known kid does not verify", async () => {
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: (await makeKey()).pem }) });
    expect(await refusalOf(verifier.verify(await tokenOf({ key })))).toContain("signature");
  });

  it.each(["", "key-1", `${KID} `, "constructor"])("kid %j is no UUID and is refused", async (kid) => {
    const token = await tokenWithHeader({ alg: "ES256", kid }, key.privateKey);
    expect(await refusalOf(verifierWith().verify(token))).toBe("The ES256 token's kid is not a UUID.");
  });

  it("a token without kid is refused", async () => {
    const token = await tokenWithHeader({ alg: "ES256" }, key.privateKey);
    expect(await refusalOf(verifierWith().verify(token))).toContain("kid");
  });

  it("a configured key of another curve is a bad setting, not a bad token", async () => {
    const other = await makeKey(KID, "ES384");
    for (const source of [other.jwk, other.pem, "nonsense", {}]) {
      const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: source }) });
      await expect(verifier.verify(await tokenOf({ key }))).rejects.toThrow(SettingsError);
    }
  });

  it("a token that expires while its key is fetched has expired", async () => {
    const clock = new TestClock();
    const network = new TestFetch();
    network.answer = () => {
      clock.advance(1_000);
      return Response.json({ keys: [key.jwk] });
    };
    const verifier = verifierWith({ JWKS_URL }, clock, network);
    const token = await tokenOf({ key, expiresInSeconds: 1 });
    expect(await refusalOf(verifier.verify(token))).toBe("The token has expired.");
  });

  it("a configured key comes before the one behind the URL, and needs no fetch", async () => {
    const network = new TestFetch();
    const bindings = { JWKS_URL, SIGNING_KEYS: JSON.stringify({ [KID]: key.pem }) };
    const verifier = verifierWith(bindings, undefined, network);
    expect(await verifier.verify(await tokenOf({ key }))).toMatchObject({ kind: "user" });
    expect(network.calls).toBe(0);
    const other = await makeKey(OTHER_ID);
    expect(await refusalOf(verifier.verify(await tokenOf({ key: other })), "KEYS_UNAVAILABLE")).toContain(
      "cannot be fetched",
    );
  });

  it("a token that is of no use anyway causes no fetch", async () => {
    const network = new TestFetch();
    const verifier = verifierWith({ JWKS_URL }, undefined, network);
    await refusalOf(verifier.verify(await tokenOf({ key, expiresInSeconds: 0 })));
    await refusalOf(verifier.verify(await tokenOf({ key, type: "REFRESH" })));
    await refusalOf(verifier.verify(await tokenOf({ key: { ...key, kid: "mine" } })));
    expect(network.calls).toBe(0);
  });

  it("the ACCESS secret does not stand in for an API key's signature", async () => {
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: key.pem }) });
    const token = await tokenOf({ type: "API_KEY", signedAs: "ACCESS" });
    const [, payload, signature] = token.split(".");
    const header = base64url.encode(JSON.stringify({ alg: "ES256", kid: KID }));
    expect(await refusalOf(verifier.verify(`${header}.${payload}.${signature}`))).toContain("signature");
  });
});

describe("algorithm confusion", () => {
  it("a public key is no HS256 secret", async () => {
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: key.pem }) });
    const raw = new TextEncoder();
    for (const secret of [raw.encode(key.pem), raw.encode(JSON.stringify(key.jwk))]) {
      const token = await tokenWithHeader({ alg: "HS256", kid: KID }, secret);
      expect(await refusalOf(verifier.verify(token))).toContain("signature");
    }
  });

  it.each(["none", "None", "hs256", "RS256", "HS384", "HS512", "ES384", "EdDSA", "", null, 5, ["HS256"]])(
    "alg %j is refused",
    async (alg) => {
      const [, payload, signature] = (await tokenOf()).split(".");
      const header = base64url.encode(JSON.stringify({ alg, kid: KID }));
      for (const end of [signature, "", "AA"]) {
        const reason = await refusalOf(verifierWith().verify(`${header}.${payload}.${end}`));
        expect(reason).toBe(end === "" ? "The token is not a JWT." : "The token's algorithm is not accepted here.");
      }
    },
  );

  it("a real RS256 or HS512 signature is refused", async () => {
    const rsa = await makeKey(KID, "RS256");
    expect(
      await refusalOf(verifierWith().verify(await tokenWithHeader({ alg: "RS256", kid: KID }, rsa.privateKey))),
    ).toContain("algorithm");
    const hs512 = await tokenWithHeader({ alg: "HS512" });
    expect(await refusalOf(verifierWith().verify(hs512))).toContain("algorithm");
  });

  it("keys that the header brings along are not looked at", async () => {
    const { jwk } = key;
    const token = await tokenWithHeader(
      { alg: "ES256", kid: OTHER_ID, jwk, jku: "https://evil.example/jwks" },
      key.privateKey,
    );
    expect(await refusalOf(verifierWith().verify(token))).toContain("not known");
  });

  it("a critical header that is not understood is refused", async () => {
    const unknown = await tokenWithHeader({ alg: "HS256", crit: ["x-ours"], "x-ours": 1 });
    expect(await refusalOf(verifierWith().verify(unknown))).toContain("not supported");
    const unencoded = base64url.encode(JSON.stringify({ alg: "HS256", b64: false, crit: ["b64"] }));
    const [, payload, signature] = (await tokenOf()).split(".");
    await refusalOf(verifierWith().verify(`${unencoded}.${payload}.${signature}`));
  });
});

describe("malformed tokens", () => {
  it.each([
    "",
    ".",
    "..",
    "a.b",
    "a.b.c",
    "a.b.c.d.e",
    "sess_0123456789",
    "undefined",
    "{}",
    `${base64url.encode("[]")}.${base64url.encode("{}")}.AA`,
    `${base64url.encode('{"alg":"HS256"}')}.${base64url.encode("[1]")}.AA`,
    `${base64url.encode('{"alg":"HS256"}')}.${base64url.encode("null")}.AA`,
    `${base64url.encode('{"alg":"HS256"}')}.${base64url.encode("{")}.AA`,
    `${base64url.encode('{"alg":"HS256"}')}.${base64url.encode(new Uint8Array([0x7b, 0xff, 0x7d]))}.AA`,
  ])("%j is not a JWT", async (token) => {
    expect(await refusalOf(verifierWith().verify(token))).toBe("The token is not a JWT.");
  });

  it("a token may have 8 KiB and no more", async () => {
    const padded = (length: number) => tokenOf({ claims: { padding: "x".repeat(length) } });
    const spare = Math.floor(((8192 - (await padded(0)).length) * 3) / 4);
    expect(await verifierWith().verify(await padded(spare - 4))).toMatchObject({ kind: "user" });
    expect(await refusalOf(verifierWith().verify(await padded(spare + 4)))).toBe(
      "The token is longer than 8192 characters.",
    );
    expect(await refusalOf(verifierWith().verify("x".repeat(10_000_000)))).toContain("8192");
  });

  it("white space, padding and a second spelling of the signature do not pass", async () => {
    const token = await tokenOf();
    for (const variant of [` ${token}`, `${token}\n`, `${token}=`, token.replace(".", ". "), `${token}A`]) {
      await refusalOf(verifierWith().verify(variant));
    }
  });

  it("no change of a character ever verifies", async () => {
    const verifier = verifierWith({ SIGNING_KEYS: JSON.stringify({ [KID]: key.pem }) });
    const tokens = [await tokenOf(), await tokenOf({ key }), await tokenOf({ type: "API_KEY" })];
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é";
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...tokens),
        fc.nat(),
        fc.constantFrom(...alphabet),
        fc.constantFrom("replace", "insert", "remove"),
        async (token, position, character, change) => {
          const at = position % token.length;
          const kept = token.slice(at + (change === "insert" ? 0 : 1));
          const mutant = token.slice(0, at) + (change === "remove" ? "" : character) + kept;
          fc.pre(mutant !== token);
          const message = await refusalOf(verifier.verify(mutant));
          expect(message).toMatch(/^The [\w' ().=:,-]+$/);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("the last character of a signature has one value only", async () => {
    const token = await tokenOf();
    for (const last of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
      const mutant = token.slice(0, -1) + last;
      if (mutant !== token) await refusalOf(verifierWith().verify(mutant));
    }
  });
});

describe("messages", () => {
  it("hold nothing of the token", async () => {
    const secretText = "do-not-show-this";
    const shown: string[] = [];
    for (const name of [
      "type",
      "workspaceId",
      "userId",
      "sub",
      "userWorkspaceId",
      "iat",
      "exp",
      "nbf",
      "isImpersonating",
    ]) {
      const token = await tokenOf({ claims: { [name]: secretText }, signedAs: "ACCESS" });
      shown.push(await refusalOf(verifierWith().verify(token)));
      for (const part of token.split(".")) for (const message of shown) expect(message).not.toContain(part);
    }
    for (const message of shown) expect(message).not.toContain(secretText);
    const header = base64url.encode(JSON.stringify({ alg: secretText }));
    expect(await refusalOf(verifierWith().verify(`${header}.${base64url.encode("{}")}.AA`))).not.toContain(secretText);
  });
});
