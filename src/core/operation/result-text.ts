import { utf8Size } from "../text-size.ts";

/** A result as JSON. */
export interface ResultText {
  readonly text: string;
  /** In UTF-8, where it is known without looking through the text. */
  readonly bytes?: number;
}

/** Puts a text together of parts, of which some have their sizes told, as they are in other texts too. */
export class TextWriter implements Required<ResultText> {
  text = "";
  bytes = 0;

  add(text: string, bytes = utf8Size(text)): void {
    this.text += text;
    this.bytes += bytes;
  }

  addAscii(text: string): void {
    this.add(text, text.length);
  }
}
