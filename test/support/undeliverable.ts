/** Where every event can be delivered: what cannot be is a failure of the test. */
export function undeliverable(_offset: number, thrown: unknown): never {
  throw thrown;
}
