import type { Recorded } from "./recorded.ts";

declare global {
  interface Window {
    recorded: Recorded;
  }
}

const ITEM = "recorded";
const before = sessionStorage.getItem(ITEM);
const recorded: Recorded = before === null ? { loads: [], errors: [], gaps: 0 } : (JSON.parse(before) as Recorded);
const names: string[] = [];
recorded.loads.push(names);
window.recorded = recorded;

/** Writes down what the test asks for. It is kept at once: nobody knows when the page is loaded again. */
export const recorder = {
  name(name: string): void {
    names.push(name);
    keep();
  },
  error(error: unknown): void {
    recorded.errors.push(String(error));
    keep();
  },
  gap(): void {
    recorded.gaps++;
    keep();
  },
};

function keep(): void {
  sessionStorage.setItem(ITEM, JSON.stringify(recorded));
}
