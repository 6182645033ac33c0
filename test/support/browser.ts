import { type Browser, chromium } from "playwright-core";
import { CHROMIUM } from "../client/support/chromium.ts";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

if (CHROMIUM === undefined) {
  console.warn("Skipped: tests in a real browser. No Chromium was found; CHROMIUM may name its program.");
}

/** A real browser whose profile is its own and empty. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? "", args: FLAGS });
}
