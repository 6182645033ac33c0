/** A page of a browser in place of nothing, as far as the client looks at one. */
export class FakePage {
  readonly document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  readonly #events = new EventTarget();
  readonly #before: [name: string, before: PropertyDescriptor | undefined][] = [];

  constructor() {
    this.#put("document", this.document);
    this.#put("addEventListener", this.#events.addEventListener.bind(this.#events));
    this.#put("removeEventListener", this.#events.removeEventListener.bind(this.#events));
  }

  becomeVisible(): void {
    this.document.visibilityState = "visible";
    this.document.dispatchEvent(new Event("visibilitychange"));
  }

  comeOnline(): void {
    this.#events.dispatchEvent(new Event("online"));
  }

  /** The page is left, for good or to be reloaded. */
  leave(): void {
    this.#events.dispatchEvent(new Event("pagehide"));
  }

  remove(): void {
    for (const [name, before] of this.#before) {
      if (before === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, before);
    }
  }

  #put(name: string, value: unknown): void {
    this.#before.push([name, Object.getOwnPropertyDescriptor(globalThis, name)]);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/** A `Storage` that can be full or forbidden. */
export class FakeStorage {
  readonly items = new Map<string, string>();
  isForbidden = false;

  getItem(key: string): string | null {
    this.#check();
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#check();
    this.items.set(key, value);
  }

  #check(): void {
    if (this.isForbidden) throw new DOMException("The storage is forbidden", "SecurityError");
  }
}
