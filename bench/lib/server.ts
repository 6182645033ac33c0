/** A server that is measured: all processes that a message passes, and where it listens. */
export interface Server extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** Their children count too. */
  readonly pids: readonly number[];
  /** The folder of its objects' databases, where it has objects. */
  readonly databases?: string;
  /** How often the platform has run its objects so far: for a request, a frame, a close, an alarm. If it is watched. */
  readonly objectRuns?: () => number;
  /** How often one of its objects was built so far: at the first use, and by every wake. If it tells. */
  readonly objectBuilds?: () => number;
  /** Of the Worker beside it, where there is one. */
  readonly doorsHost?: string;
}
