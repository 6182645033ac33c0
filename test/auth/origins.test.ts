import { describe, expect, it } from "vitest";
import { isAllowedOrigin } from "../../src/auth/origins.ts";

const LIST = ["https://app.example.com", "http://localhost:3000"];

describe("isAllowedOrigin", () => {
  it.each([
    "https://app.example.com",
    "https://APP.example.com",
    "https://app.example.com:443",
    "http://localhost:3000",
  ])("%s is on the list", (origin) => {
    expect(isAllowedOrigin(origin, LIST)).toBe(true);
  });

  it.each([
    null,
    "",
    "null",
    "*",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://example.com",
    "https://evil-app.example.com",
    "https://www.app.example.com",
    "https://app.example.com.evil.com",
    "https://app.example.com.",
    "https://evil.com@app.example.com",
    "https://app.example.com@evil.com",
    "https://app.example.com/path",
    "https://app.example.com/",
    "https://app.example.com\\.evil.com",
    "https://app.example.com https://evil.com",
    "http://localhost",
    "http://localhost:30000",
    "app.example.com",
  ])("%j is not", (origin) => {
    expect(isAllowedOrigin(origin, LIST)).toBe(false);
  });

  it("an empty list allows nobody", () => {
    expect(isAllowedOrigin("https://app.example.com", [])).toBe(false);
  });

  it('"*" allows every origin that is one; null matches nothing', () => {
    expect(isAllowedOrigin("https://anything.example", "*")).toBe(true);
    expect(isAllowedOrigin("chrome-extension://abcdef", "*")).toBe(true);
    for (const origin of [null, "", "null"]) expect(isAllowedOrigin(origin, "*")).toBe(false);
  });

  it("an opaque origin matches no list, even one that says null", () => {
    expect(isAllowedOrigin("chrome-extension://abcdef", ["null"])).toBe(false);
    expect(isAllowedOrigin("null", ["null"])).toBe(false);
  });
});
