/** What the page tells the test, as `window.recorded`. */
export interface Recorded {
  /** For each time that the page was loaded: the names that its subscription was given, in order. */
  readonly loads: string[][];
  readonly errors: string[];
  /** How often the client said that events are missing. */
  gaps: number;
}
