import { describe, expect, it } from "vitest";
import type { PublishErrorCode } from "../../src/core/pubsub/publish-request.ts";
import { publishResponse } from "../../src/edge/publish-response.ts";
import type { PublishResult } from "../../src/publish/publish-messages.ts";
import { WORKSPACE } from "../support/publish-fixtures.ts";

const taken: PublishResult = { id: "a", workspaceId: WORKSPACE, position: "p1", events: 1, duplicate: false };
const again: PublishResult = { ...taken, duplicate: true };
const bad = refused("BAD_MESSAGE", false);
const reused = refused("ID_REUSED", false);
const later = refused("UNAVAILABLE", true);

describe("publishResponse", () => {
  it.each<[number, string, PublishResult[]]>([
    [200, "all were taken", [taken, taken]],
    [200, "all were taken, now or before", [taken, again]],
    [207, "some were taken", [taken, bad]],
    [207, "some were taken and others may be", [later, taken, bad]],
    [400, "all are bad", [bad, reused]],
    [400, "there is none", []],
    [503, "none was taken and all may be", [later]],
    [503, "none was taken and some may be", [bad, later]],
  ])("answers %i when %s", async (status, _, results) => {
    const response = publishResponse({ results });
    expect(response.status).toBe(status);
    expect(response.headers.get("Retry-After")).toBe(status === 503 ? "1" : null);
    expect(await response.json()).toEqual({ results });
  });
});

function refused(code: PublishErrorCode, retryable: boolean): PublishResult {
  return { id: "a", workspaceId: WORKSPACE, error: { code, message: "No.", retryable } };
}
