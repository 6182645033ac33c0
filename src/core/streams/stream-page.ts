import { type EventStream, keptBytesOfQuery } from "./event-stream.ts";

/** Some event streams of a workspace, for servers that match by themselves. */
export interface StreamPage {
  readonly streams: readonly StreamReport[];
  /** The id to go on after; absent on the last page. */
  readonly next?: string;
}

/** An event stream, as a server needs to know it. */
export interface StreamReport extends Pick<EventStream, "id" | "channelId" | "owner"> {
  readonly queries: readonly { readonly queryId: string; readonly operationSignature: object }[];
}

/** A page ends at whichever comes first; a stream is never split. */
const MAX_STREAMS = 1_000;
const MAX_QUERY_BYTES = 1024 * 1024;

/** The streams behind one of an id, in the order of their ids. */
export function streamPage(streams: Iterable<EventStream>, after = ""): StreamPage {
  const rest = [...streams].filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const page: StreamReport[] = [];
  let bytes = 0;
  for (const { id, channelId, owner, queries } of rest) {
    const last = page.at(-1);
    if (last !== undefined && (page.length >= MAX_STREAMS || bytes >= MAX_QUERY_BYTES)) {
      return { streams: page, next: last.id };
    }
    for (const query of queries.values()) bytes += keptBytesOfQuery(query);
    const signatures = Array.from(queries.values(), ({ id: queryId, text }) => {
      return { queryId, operationSignature: JSON.parse(text) as object };
    });
    page.push({ id, channelId, owner, queries: signatures });
  }
  return { streams: page };
}
