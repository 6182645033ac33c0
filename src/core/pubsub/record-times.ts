/** When the records that the log holds changes of were last changed, by their publishers' own times. */
export interface RecordTimes {
  /** The newest time noted of a record, epoch ms. */
  newest(objectNameSingular: string, recordId: string): number | undefined;
  /** Notes a time that is newer than all before, of an event at an offset of the log. */
  note(objectNameSingular: string, recordId: string, updatedAt: number, offset: number): void;
  /** Forgets what was noted of events up to an offset: the log does not hold them any more. */
  forget(offset: number): void;
}

/** The same without a storage: the plain statement of what the SQLite one must do. */
export class MemoryRecordTimes implements RecordTimes {
  readonly #times = new Map<string, { readonly updatedAt: number; readonly offset: number }>();

  newest(objectNameSingular: string, recordId: string): number | undefined {
    return this.#times.get(JSON.stringify([objectNameSingular, recordId]))?.updatedAt;
  }

  note(objectNameSingular: string, recordId: string, updatedAt: number, offset: number): void {
    this.#times.set(JSON.stringify([objectNameSingular, recordId]), { updatedAt, offset });
  }

  forget(upTo: number): void {
    for (const [key, { offset }] of this.#times) {
      if (offset <= upTo) this.#times.delete(key);
    }
  }
}
