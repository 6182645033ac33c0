import type { ValidDocument } from "./prepare-document.ts";

/** What the running operations of a caller, or of a workspace, come to. Equal ones count once, as they run once. */
export class OperationTally {
  readonly #operations = new Map<string, number>();
  readonly #documents = new Map<string, { readonly document: ValidDocument; readonly uses: number }>();
  #documentBytes = 0;

  /** How many different operations run. */
  get operations(): number {
    return this.#operations.size;
  }

  /** Memory of their documents. */
  get documentBytes(): number {
    return this.#documentBytes;
  }

  /** A document that an operation runs with. */
  documentOf(source: string): ValidDocument | undefined {
    return this.#documents.get(source)?.document;
  }

  /** What it would come to with one operation more. */
  with(key: string, { source, bytes }: ValidDocument): { readonly operations: number; readonly documentBytes: number } {
    return {
      operations: this.operations + (this.#operations.has(key) ? 0 : 1),
      documentBytes: this.#documentBytes + (this.#documents.has(source) ? 0 : bytes),
    };
  }

  /** @param key the same for equal operations */
  add(key: string, document: ValidDocument): void {
    this.#operations.set(key, (this.#operations.get(key) ?? 0) + 1);
    const { source } = document;
    const known = this.#documents.get(source);
    this.#documents.set(source, { document: known?.document ?? document, uses: (known?.uses ?? 0) + 1 });
    if (known === undefined) this.#documentBytes += document.bytes;
  }

  /** Takes out one operation that was added. */
  delete(key: string, { source }: ValidDocument): void {
    const operations = this.#operations.get(key);
    const known = this.#documents.get(source);
    if (operations === undefined || known === undefined) return;
    if (operations > 1) this.#operations.set(key, operations - 1);
    else this.#operations.delete(key);
    if (known.uses > 1) return void this.#documents.set(source, { ...known, uses: known.uses - 1 });
    this.#documents.delete(source);
    this.#documentBytes -= known.document.bytes;
  }
}
