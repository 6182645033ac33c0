/**
 * Every event carries a number that all its frames hold in a form that is cheap to find and does not change their size.
 * In a template stands how far an event is from the first of its publish call.
 */
const DIGITS = 10;
const MARK = "#";
const MARK_BYTE = MARK.charCodeAt(0);
const PATTERN = new RegExp(`${MARK}(\\d{${DIGITS}})${MARK}`, "g");

/** The id of a record that one subscriber watches; in a template, again, how far from the first of the call. */
const RECORD_PREFIX = "20202020-be7c-4000-8000-";
const RECORD_DIGITS = 12;
const RECORD_PATTERN = new RegExp(`${RECORD_PREFIX}(\\d{${RECORD_DIGITS}})`, "g");

/** Stands for the number of the event that comes `offset` after the first of its call. */
export function sequenceMark(offset = 0): string {
  return MARK + String(offset).padStart(DIGITS, "0") + MARK;
}

/** The id of the record that watcher `index` watches. */
export function watchedRecordId(index: number): string {
  return RECORD_PREFIX + String(index).padStart(RECORD_DIGITS, "0");
}

/**
 * Fills a template in for the call whose first event has this number. Events go to the watchers in turn: number 1 is of
 * the record of watcher 0.
 */
export function fillIn(template: string, first: number, watchers: number): string {
  return template
    .replaceAll(PATTERN, (_, offset: string) => sequenceMark(first + Number(offset)))
    .replaceAll(RECORD_PATTERN, (_, offset: string) => watchedRecordId(watcherOf(first + Number(offset), watchers)));
}

/** The template that a received message would have been made from, were it the only event of its call. */
export function templateFrom(message: string): string {
  const [first = "0"] = message.match(PATTERN) ?? [];
  const base = Number(first.slice(MARK.length, -MARK.length));
  return message
    .replaceAll(PATTERN, (_, sequence: string) => sequenceMark(Number(sequence) - base))
    .replaceAll(RECORD_PATTERN, () => watchedRecordId(0));
}

/** The template of the event that comes `offset` after the one that this template is of. */
export function atOffset(template: string, offset: number): string {
  return template
    .replaceAll(PATTERN, (_, own: string) => sequenceMark(Number(own) + offset))
    .replaceAll(RECORD_PATTERN, (_, own: string) => watchedRecordId(Number(own) + offset));
}

/** Which watcher's record the event with this number is of. */
export function watcherOf(sequence: number, watchers: number): number {
  return (sequence - 1) % watchers;
}

/** Tells every number in a frame, in order. Returns whether there was any. */
export function forEachSequence(bytes: Buffer, start: number, end: number, tell: (sequence: number) => void): boolean {
  let mark = bytes.indexOf(MARK_BYTE, start);
  const hasAny = mark !== -1 && mark < end;
  while (mark !== -1 && mark < end) {
    const close = mark + DIGITS + 1;
    if (bytes[close] !== MARK_BYTE) throw new Error("A message has a mark that is none of a number.");
    tell(readDigits(bytes, mark + 1));
    mark = bytes.indexOf(MARK_BYTE, close + 1);
  }
  return hasAny;
}

function readDigits(bytes: Buffer, at: number): number {
  let number = 0;
  for (let i = at; i < at + DIGITS; i++) number = number * 10 + ((bytes[i] ?? 0) - 48);
  return number;
}
