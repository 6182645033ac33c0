import type { JsonObject } from "../json.ts";
import { type EventStream, keptBytesOfQuery } from "./event-stream.ts";

/** Some event streams of a workspace, for servers that match by themselves. */
export interface StreamPage {
  readonly streams: readonly ListedStream[];
  /** The id to go on after; absent on the last page. */
  readonly next?: string;
}

export interface ListedStream {
  readonly eventStreamId: string;
  /** What stands behind `EVENT_STREAM_CHANNEL:` to publish to it. */
  readonly channelId: string;
  /** `user:<userWorkspaceId>`, `apiKey:<id>` or `application:<id>:<userWorkspaceId>`. */
  readonly identity: string;
  readonly userWorkspaceId?: string;
  readonly queries: readonly ListedQuery[];
}

/** A query with its filter as it was given. */
export interface ListedQuery {
  readonly queryId: string;
  readonly objectNameSingular?: string;
  readonly filter?: unknown;
}

/** A page ends at whichever comes first; a stream is never split. */
const MAX_STREAMS = 1_000;
const MAX_QUERY_BYTES = 1024 * 1024;

export function streamPage(streams: Iterable<EventStream>, after = ""): StreamPage {
  const rest = [...streams].filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const listed: ListedStream[] = [];
  let bytes = 0;
  for (const stream of rest) {
    const last = listed.at(-1);
    if (last !== undefined && (listed.length >= MAX_STREAMS || bytes >= MAX_QUERY_BYTES)) {
      return { streams: listed, next: last.eventStreamId };
    }
    for (const query of stream.queries.values()) bytes += keptBytesOfQuery(query);
    listed.push(listStream(stream));
  }
  return { streams: listed };
}

function listStream({ id, channelId, owner, queries }: EventStream): ListedStream {
  const { identity, userWorkspaceId } = owner;
  return {
    ...{ eventStreamId: id, channelId, identity },
    ...(userWorkspaceId !== undefined && { userWorkspaceId }),
    queries: Array.from(queries.values(), ({ id: queryId, text }) => {
      const { objectNameSingular, variables } = JSON.parse(text) as {
        objectNameSingular?: string;
        variables: JsonObject;
      };
      return { queryId, ...(objectNameSingular !== undefined && { objectNameSingular }), ...variables };
    }),
  };
}
