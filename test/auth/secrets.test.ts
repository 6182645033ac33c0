import { describe, expect, it } from "vitest";
import { bearerMatches } from "../../src/auth/secrets.ts";

function matches(authorization: string | undefined, secrets: readonly string[]): Promise<boolean> {
  const headers = authorization === undefined ? {} : { authorization };
  return bearerMatches(new Request("https://gateway.example.com/publish", { headers }), secrets);
}

describe("bearerMatches", () => {
  it("every secret of the list opens, wherever it stands", async () => {
    for (const secret of ["first", "second", "third"]) {
      expect(await matches(`Bearer ${secret}`, ["first", "second", "third"])).toBe(true);
    }
    expect(await matches("bearer first", ["first"])).toBe(true);
  });

  it("anything else does not", async () => {
    for (const presented of [
      "",
      "Bearer",
      "Bearer ",
      "first",
      "Basic first",
      "Bearer firs",
      "Bearer first2",
      "Bearer FIRST",
    ]) {
      expect(await matches(presented, ["first"])).toBe(false);
    }
    expect(await matches(undefined, ["first"])).toBe(false);
    expect(await matches("Bearer first,second", ["first", "second"])).toBe(false);
  });

  it("an empty list, or an empty item in one, is nobody", async () => {
    for (const secrets of [[], [""], ["", ""]]) {
      for (const presented of [undefined, "", "Bearer", "Bearer ", "Bearer  ", "Bearer x"]) {
        expect(await matches(presented, secrets)).toBe(false);
      }
    }
    expect(await matches("Bearer x", ["", "x"])).toBe(true);
  });

  it("a secret may hold inner blanks", async () => {
    expect(await matches("Bearer two words", ["two words"])).toBe(true);
  });
});
