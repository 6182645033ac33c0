import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { negotiateSubprotocol } from "../../src/edge/subprotocols.ts";
import { anyText } from "../support/any-text.ts";

describe("negotiateSubprotocol", () => {
  it.each([
    "graphql-transport-ws",
    " graphql-transport-ws ",
    "graphql-ws, graphql-transport-ws",
    "graphql-transport-ws.batches, graphql-transport-ws",
    "graphql-transport-ws, graphql-ws",
    "bearer.x.y.z,graphql-transport-ws",
    "graphql-transport-ws,bearer.graphql-transport-ws",
    "graphql-transport-ws,graphql-transport-ws",
    ",,graphql-transport-ws,",
  ])("[CONN-2] picks graphql-transport-ws wherever it stands in %j", (header) => {
    expect(negotiateSubprotocol(header)).toEqual({ subprotocol: "graphql-transport-ws" });
  });

  it.each([
    "graphql-transport-ws.batch",
    "graphql-transport-ws, graphql-transport-ws.batch",
    "graphql-transport-ws.batch, graphql-transport-ws",
    "mqtt,bearer.a.b.c,graphql-transport-ws.batch",
  ])("[CONN-2] prefers graphql-transport-ws.batch wherever it stands in %j", (header) => {
    expect(negotiateSubprotocol(header)).toEqual({ subprotocol: "graphql-transport-ws.batch" });
  });

  it("[CONN-2] falls back to the old dialect where no better one is offered", () => {
    expect(negotiateSubprotocol("mqtt, graphql-ws")).toEqual({ subprotocol: "graphql-ws" });
  });

  it.each<[string | null, string | undefined]>([
    [null, undefined],
    ["", undefined],
    [" , ", undefined],
    ["mqtt", "mqtt"],
    ["Graphql-Transport-WS", "Graphql-Transport-WS"],
    ["graphql-transport-ws2", "graphql-transport-ws2"],
    ["mqtt, amqp", "mqtt"],
    ["bearer.a.b.c, mqtt", "mqtt"],
    ["bearer.a.b.c", undefined],
    ["bearer.a.b.c, bearer.d.e.f", undefined],
    ["bearer.graphql-transport-ws", undefined],
  ])("[CONN-4] speaks nothing of %j, and selects %j so that the close is seen", (header, echo) => {
    expect(negotiateSubprotocol(header)).toEqual({ subprotocol: undefined, echo });
  });

  it("[CONN-3] never selects a token", () => {
    const item = fc.oneof(fc.constantFrom("bearer.a.b.c", " bearer.a.b.c", "graphql-transport-ws", "mqtt"), anyText());
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const negotiated = negotiateSubprotocol(items.join(","));
        const selected = negotiated.subprotocol ?? negotiated.echo;
        return selected === undefined || (selected !== "" && !selected.startsWith("bearer."));
      }),
    );
  });
});
