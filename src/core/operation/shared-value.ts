import { utf8Size } from "../text-size.ts";
import type { ResultText } from "./result-text.ts";

/**
 * An object that stands in the results of several operations: what a selection makes of it is written once. The texts are
 * of this object alone, so nobody is given what was made of another one, of which more may be seen.
 */
export class SharedValue {
  readonly #texts: SharedTexts;

  /** @param members of the object */
  constructor(members: object, texts: SharedTexts) {
    this.#texts = texts;
    Object.assign(this, members);
  }

  /** What a selection makes of it, by whatever stands for that selection and no other. */
  textOf(selection: object, write: () => string): Required<ResultText> {
    return this.#texts.of(this, selection, write);
  }
}

/** Characters of all texts; twice as many bytes at most. */
const MAX_CHARACTERS = 2 * 1024 * 1024;
/** What keeping a text takes besides: its value is kept as well, which may be one of a viewer that nobody looks with any more. */
const ENTRY_CHARACTERS = 200;

/** The texts of some shared values, which come and go together: bounded, as each selection may be of another document. */
export class SharedTexts {
  readonly #texts = new Map<SharedValue, Map<object, Required<ResultText>>>();
  #characters = 0;

  of(value: SharedValue, selection: object, write: () => string): Required<ResultText> {
    const known = this.#texts.get(value)?.get(selection);
    if (known !== undefined) return known;
    const text = write();
    const sized = { text, bytes: utf8Size(text) };
    this.#keep(value, selection, sized);
    return sized;
  }

  #keep(value: SharedValue, selection: object, sized: Required<ResultText>): void {
    const own = ENTRY_CHARACTERS + sized.text.length;
    if (this.#characters + own > MAX_CHARACTERS) {
      this.#texts.clear();
      this.#characters = 0;
    }
    this.#characters += own;
    const texts = this.#texts.get(value);
    if (texts === undefined) this.#texts.set(value, new Map([[selection, sized]]));
    else texts.set(selection, sized);
  }
}
