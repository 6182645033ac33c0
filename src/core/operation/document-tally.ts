import type { ValidDocument } from "./prepare-document.ts";

/** The documents that operations run with. Equal ones count once, and are in memory once. */
export class DocumentTally {
  readonly #documents = new Map<string, { readonly document: ValidDocument; uses: number }>();
  #bytes = 0;

  /** Memory of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A document that an operation runs with. */
  get(source: string): ValidDocument | undefined {
    return this.#documents.get(source)?.document;
  }

  /** What they would come to with an operation more. */
  bytesWith({ source, bytes }: ValidDocument): number {
    return this.#bytes + (this.#documents.has(source) ? 0 : bytes);
  }

  add(document: ValidDocument): void {
    const known = this.#documents.get(document.source);
    if (known !== undefined) return void known.uses++;
    this.#documents.set(document.source, { document, uses: 1 });
    this.#bytes += document.bytes;
  }

  /** Takes out one that was added. */
  delete({ source }: ValidDocument): void {
    const known = this.#documents.get(source);
    if (known === undefined || --known.uses > 0) return;
    this.#documents.delete(source);
    this.#bytes -= known.document.bytes;
  }
}
