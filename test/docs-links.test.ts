import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = new URL("..", import.meta.url).pathname;

/** README.md and every page below docs. */
const PAGES = ["README.md", ...pagesIn("docs")];

describe.each(PAGES)("%s", (page) => {
  it("links to files that are there, and to headings in them", () => {
    expect(linksOf(textOf(page)).filter((link) => !isThere(page, link))).toEqual([]);
  });
});

describe("the reader of links", () => {
  it("leaves out addresses and what stands in code", () => {
    const text = "[a](b.md) [c](https://example.com) `[d](e.md)`\n```\n[f](g.md)\n```\n[h\ni](j.md#k)";
    expect(linksOf(text)).toEqual(["b.md", "j.md#k"]);
  });

  it("makes anchors as GitHub does", () => {
    const text = "# A `b`: c, d\n## RESUME, GAP\n## Who's 1.2?\n```\n# no heading\n```\n## RESUME, GAP";
    expect(anchorsOf(text)).toEqual(["a-b-c-d", "resume-gap", "whos-12", "resume-gap-1"]);
  });

  it("finds what is missing", () => {
    expect(["README.md#run-it", "docs", "README.md#nowhere", "nothing.md", "docs#a"].map(isThereFromRoot)).toEqual([
      ...[true, true],
      ...[false, false, false],
    ]);
  });
});

function isThereFromRoot(link: string): boolean {
  return isThere("README.md", link);
}

function isThere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(ROOT, target))) return false;
  if (anchor === undefined) return true;
  return statSync(join(ROOT, target)).isFile() && anchorsOf(textOf(target)).includes(anchor);
}

/** The targets of relative links. */
function linksOf(text: string): string[] {
  const links = withoutCode(text).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g);
  return Array.from(links, ([, target = ""]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  const headings = withoutFences(text).matchAll(/^#{1,6} (.+)$/gm);
  return Array.from(headings, ([, heading = ""]) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

function withoutCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, "");
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

function pagesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name))
    .sort();
}

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}
