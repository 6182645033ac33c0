import { expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/core/limits.ts";
import { streamPage } from "../../../src/core/streams/stream-page.ts";
import { newStreams } from "../../support/new-streams.ts";

const OWNER = { identity: "user:a", userWorkspaceId: "a", isUser: true };
const limits = { ...DEFAULT_LIMITS, MAX_STREAMS_PER_IDENTITY: 10_000, MAX_KEPT_BYTES_PER_IDENTITY: 64 * 1024 * 1024 };

it("[PERM-16] lists streams with identity, channel and queries, filters as they were given", () => {
  const streams = newStreams();
  streams.attach("s", OWNER, undefined, 0, 0);
  streams.attach("k", { identity: "apiKey:k", isUser: false }, undefined, 0, 0);
  const filter = { and: [{ name: { regex: "a" } }] };
  streams.addQuery("s", "user:a", "q", { objectNameSingular: "person", variables: { filter, orderBy: 1 } }, 0);
  streams.addQuery("s", "user:a", "all", { objectNameSingular: "person" }, 0);
  streams.addQuery("s", "user:a", "none", 1, 0);
  expect(streamPage(streams)).toEqual({
    streams: [
      { id: "k", channelId: "channel-of-k", owner: { identity: "apiKey:k", isUser: false }, queries: [] },
      {
        id: "s",
        channelId: "channel-of-s",
        owner: OWNER,
        queries: [
          { queryId: "q", operationSignature: { objectNameSingular: "person", variables: { filter } } },
          { queryId: "all", operationSignature: { objectNameSingular: "person", variables: {} } },
          { queryId: "none", operationSignature: { variables: {} } },
        ],
      },
    ],
  });
});

it("[PERM-16] goes page by page: 1,000 streams, or a MiB of queries", () => {
  const many = newStreams(limits);
  const ids = Array.from({ length: 1_001 }, (_, i) => `stream ${String(i).padStart(4, "0")}`);
  for (const id of ids.toReversed()) many.attach(id, OWNER, undefined, 0, 0);
  const first = streamPage(many);
  const second = streamPage(many, first.next);
  expect([first.next, second.next]).toEqual(["stream 0999", undefined]);
  expect([...first.streams, ...second.streams].map(({ id }) => id)).toEqual(ids);

  const large = newStreams(limits);
  for (const id of ["a", "b", "c"]) {
    large.attach(id, OWNER, undefined, 0, 0);
    const variables = { filter: { name: { eq: "x".repeat(15_000) } } };
    for (let i = 0; i < 40; i++) large.addQuery(id, "user:a", `${i}`, { objectNameSingular: "person", variables }, 0);
  }
  expect(streamPage(large).next).toBe("b");
  expect(streamPage(large, "b").streams.map(({ id }) => id)).toEqual(["c"]);
});
