import { describe, expect, it } from "vitest";
import { decodeQueueBody } from "../../src/queue/decode.ts";
import { personUpdated, queueJobUpdated } from "../support/publish-fixtures.ts";

const job = (overrides: Record<string, unknown> = {}) => ({
  job: "PublishEntityEvents",
  data: personUpdated(),
  ...overrides,
});

describe("decodeQueueBody", () => {
  it("leaves a message as it is, also one about a job", () => {
    for (const body of [personUpdated({ id: "a" }), queueJobUpdated(), null, "x", [1]])
      expect(decodeQueueBody(body)).toBe(body);
  });

  it("[QUEUE-2] takes the message out of a job, with the id of the message or else of the job", () => {
    expect(decodeQueueBody(job({ id: "job" }))).toEqual(personUpdated({ id: "job" }));
    expect(decodeQueueBody(job({ id: "job", data: personUpdated({ id: "own" }) }))).toEqual(
      personUpdated({ id: "own" }),
    );
    expect(decodeQueueBody(job())).toEqual(personUpdated({ id: undefined }));
  });

  it.each([
    ["job: expected PublishEntityEvents.", job({ job: "CallWebhookJobsJob" })],
    ["data: expected an object.", job({ data: undefined })],
    ["data: expected an object.", job({ data: [personUpdated()] })],
  ])("refuses with %s", (message, body) => {
    expect(() => decodeQueueBody(body)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE", message }));
  });
});
