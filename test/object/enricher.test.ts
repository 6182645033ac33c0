import { afterEach, describe, expect, it, vi } from "vitest";
import { Enricher, type EnricherService } from "../../durable-objects/enricher.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits.ts";
import type { PublishRequest } from "../../src/core/pubsub/publish-request.ts";

afterEach(() => vi.restoreAllMocks());

const request = (id: string, objectNameSingular = "person"): PublishRequest => ({
  ...{ id, digest: "", source: "direct", events: 1 },
  body: JSON.stringify({
    ...{ kind: "record", objectNameSingular, action: "updated" },
    events: [{ recordId: id, properties: { after: { id } } }],
  }),
});
const RELATED = { company: { objectNameSingular: "company", records: [{ id: "c" }] } };
const relatedIn = (requests: readonly PublishRequest[]) => requests.map(({ body }) => JSON.parse(body).related);

function enricherWith(
  enrich: EnricherService["enrich"],
  limits: Partial<Limits> = {},
  isWanted = (objectNameSingular: string): boolean => objectNameSingular === "person",
) {
  return new Enricher({
    service: { enrich },
    workspaceId: "w",
    limits: { ...DEFAULT_LIMITS, ...limits },
    secretFields: new Map(),
    isWanted,
  });
}

it("[STREAM-16] asks once for a message, with its events, and only where a stream has a query on the object", async () => {
  const enrich = vi.fn(async () => RELATED);
  const enriched = await enricherWith(enrich).enrich([request("1"), request("2", "company")]);
  expect(relatedIn(enriched)).toEqual([RELATED, undefined]);
  expect(enrich.mock.calls).toEqual([
    ["w", [{ action: "updated", objectNameSingular: "person", recordId: "1", properties: { after: { id: "1" } } }]],
  ]);
});

it.each<[string, EnricherService["enrich"], Partial<Limits>]>([
  [
    "fails",
    async () => {
      throw new Error("broken");
    },
    {},
  ],
  ["is late", () => new Promise(() => undefined), { ENRICH_TIMEOUT_MS: 5 }],
  ["returns too much", async () => RELATED, { MAX_ENRICHED_BYTES: 100 }],
  ["returns what is no JSON", async () => ({ a: { objectNameSingular: "x", records: [{ n: 1n }] } }), {}],
  ["nests too deep", async () => RELATED, { MAX_JSON_DEPTH: 3 }],
])("[STREAM-17] a service that %s leaves a message as it was published", async (_, enrich, limits) => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  const published = [request("1")];
  expect(await enricherWith(enrich, limits).enrich(published)).toEqual(published);
  expect(warn).toHaveBeenCalledOnce();
});

it("[STREAM-17] a call that is answered sooner still waits for those before it", async () => {
  const { promise: slow, resolve } = Promise.withResolvers<unknown>();
  const enricher = enricherWith((_, [event]) =>
    (event as { recordId: string }).recordId === "1" ? slow : Promise.resolve(RELATED),
  );
  const order: string[] = [];
  const calls = ["1", "2"].map(async (id) => {
    await enricher.enrich([request(id)]);
    order.push(id);
  });
  await vi.waitFor(() => expect(order).toEqual([]));
  resolve(RELATED);
  await Promise.all(calls);
  expect(order).toEqual(["1", "2"]);
});

it("[STREAM-17] a call that fails altogether takes none of the later ones with it", async () => {
  const isWanted = vi
    .fn(() => true)
    .mockImplementationOnce(() => {
      throw new Error("no storage");
    });
  const enricher = enricherWith(async () => RELATED, {}, isWanted);
  await expect(enricher.enrich([request("1")])).rejects.toThrow("no storage");
  expect(relatedIn(await enricher.enrich([request("2")]))).toEqual([RELATED]);
});

describe("a service that is always late", () => {
  const limits = { ENRICH_TIMEOUT_MS: 1, MAX_ENRICH_FAILURES: 2, ENRICH_REST_SECONDS: 30 };

  it("[STREAM-18] is asked no more for a while, and again after it", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const enrich = vi.fn<EnricherService["enrich"]>(() => new Promise(() => undefined));
    const enricher = enricherWith(enrich, limits);
    // Two messages of one call are one failure.
    await enricher.enrich([request("1"), request("2")]);
    expect(enricher.state).toEqual({ failuresInARow: 1 });
    await enricher.enrich([request("3")]);
    await enricher.enrich([request("4")]);
    expect([enrich.mock.calls.length, enricher.state]).toEqual([
      3,
      { failuresInARow: 2, restsUntil: expect.any(Number) },
    ]);
    expect(warn.mock.calls.filter(([line]) => line.message === "The enricher is not asked for a while")).toHaveLength(
      1,
    );
    vi.spyOn(Date, "now").mockReturnValue(Number(enricher.state.restsUntil));
    enrich.mockImplementation(async () => RELATED);
    expect(relatedIn(await enricher.enrich([request("5")]))).toEqual([RELATED]);
    expect(enricher.state).toEqual({ failuresInARow: 0 });
  });

  it("[STREAM-18] is no worse for messages that it was not asked about", async () => {
    const enricher = enricherWith(() => new Promise(() => undefined), limits);
    vi.spyOn(console, "warn").mockReturnValue();
    await enricher.enrich([request("1")]);
    await enricher.enrich([request("2", "company")]);
    expect(enricher.state).toEqual({ failuresInARow: 1 });
  });
});
