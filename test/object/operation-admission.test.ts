import { expect, it } from "vitest";
import type { Connection } from "../../durable-objects/connection.ts";
import type { Connections } from "../../durable-objects/connections.ts";
import { OperationAdmission } from "../../durable-objects/operation-admission.ts";
import type { RunningOperation } from "../../durable-objects/running-operation.ts";
import { catalogue } from "../../schema/index.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits.ts";
import { OPEN_VIEWER } from "../../src/core/permissions/viewer.ts";
import { readySession, type StoredOperation } from "../../src/core/protocol/session.ts";
import { newStreams } from "../support/new-streams.ts";

const NOBODY = { keptBytes: 0, keptBytesOf: () => 0, ofIdentity: () => [] } as unknown as Connections;

function admissionWith(limits: Partial<Limits>) {
  const admission = new OperationAdmission(catalogue, NOBODY, { ...DEFAULT_LIMITS, ...limits }, newStreams());
  const connectionOf = (identity: string) => {
    const state = { session: readySession(), principal: { kind: "user" } };
    return { identity, state, updateReady: () => undefined } as unknown as Connection;
  };
  const storedAs = (name: string): StoredOperation => ({
    document: `subscription ${name} { onDbEvent(input: {}) { record } }`,
    variables: "{}",
    order: 1,
  });
  const planOf = (identity: string, name: string) => {
    const planned = admission.plan(connectionOf(identity), storedAs(name), 0);
    if (planned.type !== "subscription") throw new Error("The operation should be planned.");
    return planned.plan;
  };
  return {
    admission,
    documentOf: (name: string) => planOf("a", name).document,
    running: (identity: string, name: string): RunningOperation => ({
      connection: connectionOf(identity),
      id: "1",
      key: name,
      viewer: OPEN_VIEWER,
      plan: planOf(identity, name),
      head: "",
      streamId: undefined,
      group: undefined,
      told: undefined,
    }),
    refusalOf: (identity: string, name: string) =>
      admission.refuse(connectionOf(identity), name, planOf(identity, name), storedAs(name))?.message,
  };
}

it("a document stays known for as long as an operation runs with it, so that equal ones share it", () => {
  const { admission, documentOf, running } = admissionWith({ MAX_CACHED_DOCUMENTS: 1 });
  const operation = running("a", "A");
  admission.enter(operation);
  documentOf("B");
  expect(documentOf("A")).toBe(operation.plan.document);
  admission.leave(operation);
  documentOf("B");
  expect(documentOf("A")).not.toBe(operation.plan.document);
});

it("[LIMIT-12] what is worked out for a document to run is kept while it runs: a known one counts as less", () => {
  const { admission, documentOf, running } = admissionWith({});
  const [first, second] = [running("a", "A"), running("b", "A")];
  for (const operation of [first, second]) admission.enter(operation);
  const projection = first.plan.projection();
  admission.leave(first);
  expect(second.plan.projection()).toBe(projection);
  admission.leave(second);
  expect(documentOf("A")).toBe(first.plan.document);
  expect(running("a", "A").plan.projection()).not.toBe(projection);
});

it("[LIMIT-16] the documents that run are memory of the workspace, whoever runs them", () => {
  const { bytes } = admissionWith({}).documentOf("A");
  const { admission, running, refusalOf } = admissionWith({ MAX_KEPT_BYTES_PER_WORKSPACE: 2 * bytes + 200 });
  const [first, second] = [running("a", "A"), running("b", "B")];
  for (const operation of [first, second]) admission.enter(operation);
  expect(refusalOf("c", "B")).toBeUndefined();
  expect(refusalOf("c", "C")).toContain("MAX_KEPT_BYTES_PER_WORKSPACE");
  admission.leave(first);
  expect(refusalOf("c", "C")).toBeUndefined();
});
