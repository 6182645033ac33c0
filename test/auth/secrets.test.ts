import { describe, expect, it } from "vitest";
import { isOneOf } from "../../src/auth/secrets.ts";

describe("isOneOf", () => {
  it("every secret of the list opens, wherever it stands", () => {
    for (const secret of ["first", "second", "third"]) expect(isOneOf(["first", "second", "third"], secret)).toBe(true);
  });

  it("anything else does not", () => {
    for (const presented of ["", "firs", "first2", "FIRST", "firstfirst", "xirst", "firsx"]) {
      expect(isOneOf(["first"], presented)).toBe(false);
    }
    expect(isOneOf(["first", "second"], "first,second")).toBe(false);
  });

  it("an empty list, or an empty item in one, is nobody", () => {
    for (const secrets of [[], [""], ["", ""]]) {
      for (const presented of ["", " ", "x"]) expect(isOneOf(secrets, presented)).toBe(false);
    }
    expect(isOneOf(["", "x"], "x")).toBe(true);
  });

  it("a secret may hold inner blanks, and letters of any alphabet", () => {
    expect(isOneOf(["two words"], "two words")).toBe(true);
    expect(isOneOf(["пароль"], "пароль")).toBe(true);
    expect(isOneOf(["пароль"], "паролЬ")).toBe(false);
  });

  it("every character of a text is looked at, whichever is the first that differs", () => {
    for (const presented of ["secret", "Xecret", "secreX", "XXXXXX", "secre"]) {
      const looked: number[] = [];
      const text = { length: presented.length, charCodeAt: (i: number) => looked.push(i) && presented.charCodeAt(i) };
      isOneOf(["secret", "another"], text as unknown as string);
      const all = Array.from(presented, (_, i) => i);
      expect(looked).toEqual([...all, ...all]);
    }
  });
});
