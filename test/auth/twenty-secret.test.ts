import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { twentySecret } from "../../src/auth/twenty-secret.ts";

describe("twentySecret", () => {
  it("is the hex text of SHA-256 over secret, body and type, joined by nothing", async () => {
    const secret = await twentySecret("secret", "body", "ACCESS");
    expect(new TextDecoder().decode(secret)).toBe(createHash("sha256").update("secretbodyACCESS").digest("hex"));
    expect(secret).toHaveLength(64);
  });

  it("takes the body as it is written", async () => {
    expect(await twentySecret("secret", "ABC", "ACCESS")).not.toEqual(await twentySecret("secret", "abc", "ACCESS"));
  });
});
