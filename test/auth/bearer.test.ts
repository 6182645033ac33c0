import { describe, expect, it } from "vitest";
import { parseBearer } from "../../src/auth/bearer.ts";

describe("parseBearer", () => {
  it("is what follows the scheme, however that is written", () => {
    for (const header of ["Bearer x", "bearer x", "BEARER   x", " Bearer x "]) expect(parseBearer(header)).toBe("x");
    expect(parseBearer("Bearer two words")).toBe("two words");
  });

  it("is undefined without the scheme, or with nothing behind it", () => {
    for (const header of [null, "", "x", "Bearer", "Bearer ", "Bearer  ", "Basic x", "Bearerx"]) {
      expect(parseBearer(header)).toBeUndefined();
    }
  });
});
