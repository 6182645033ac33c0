import { DocumentTally } from "./document-tally.ts";
import type { ValidDocument } from "./prepare-document.ts";

/** What the running operations of a caller come to. Equal ones count once, as they run once. */
export class OperationTally {
  readonly #operations = new Map<string, number>();
  readonly #documents = new DocumentTally();

  /** How many different operations run. */
  get operations(): number {
    return this.#operations.size;
  }

  /** Memory of their documents. */
  get documentBytes(): number {
    return this.#documents.bytes;
  }

  /** What it would come to with one operation more. */
  with(key: string, document: ValidDocument): { readonly operations: number; readonly documentBytes: number } {
    return {
      operations: this.operations + (this.#operations.has(key) ? 0 : 1),
      documentBytes: this.#documents.bytesWith(document),
    };
  }

  /** @param key the same for equal operations */
  add(key: string, document: ValidDocument): void {
    this.#operations.set(key, (this.#operations.get(key) ?? 0) + 1);
    this.#documents.add(document);
  }

  /** Takes out one operation that was added. */
  delete(key: string, document: ValidDocument): void {
    const count = this.#operations.get(key);
    if (count === undefined) return;
    if (count > 1) this.#operations.set(key, count - 1);
    else this.#operations.delete(key);
    this.#documents.delete(document);
  }
}
