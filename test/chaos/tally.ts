/** What happened in a run, by name, and what must not have happened, each told in words. */
export class Tally {
  readonly faults: Record<string, number> = {};
  readonly counts: Record<string, number> = {};
  readonly wrong: string[] = [];

  happened(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  readonly count = (what: string): void => {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  };

  get faultCount(): number {
    return Object.values(this.faults).reduce((sum, count) => sum + count, 0);
  }
}
