import type { StreamEvent } from "./event-stream.ts";

/** A message of the server, as far as chaos looks at it. */
export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: {
    readonly position?: Told;
    readonly gap?: Told;
    readonly tokenExpiresAt?: number;
    /** The id of an operation that was ended before this was sent, in the answer to a ping of the client. */
    readonly ended?: string;
    readonly data?: {
      readonly onDbEvent?: DbEvent;
      readonly logicFunctionLogs?: { readonly logs: string };
      readonly onEventSubscription?: { readonly objectRecordEventsWithQueryIds: readonly StreamEvent[] };
    };
    readonly errors?: readonly unknown[];
    readonly extensions?: { readonly position?: string };
  };
}

interface Told {
  readonly id: string;
  readonly position: string;
}

interface DbEvent {
  readonly action: string;
  readonly objectNameSingular: string;
  readonly eventDate: string;
  readonly record: { readonly name: string; readonly note?: string };
}

/** The operation that a message is about. */
export function operationIdOf({ id, payload }: Frame): string | undefined {
  return id ?? payload?.position?.id ?? payload?.gap?.id;
}
