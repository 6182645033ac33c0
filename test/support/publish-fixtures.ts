import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits.ts";
import type { MessageRules } from "../../src/core/pubsub/message-rules.ts";

export const WORKSPACE = "20202020-1c25-4d02-bf25-6aeccf7ea419";
export const OTHER_WORKSPACE = "3b8e6458-5fc1-4e63-8563-008ccddaa6db";
export const USER_WORKSPACE = "20202020-9e3b-46d4-a556-88b9ddc2b034";
export const UUID = "7f1b8c1e-93a4-4d5f-8a37-0f1a5d3c2b10";

/** The rules of the default settings, with other limits where a test wants them. */
export function messageRules(limits: Partial<Limits> = {}): MessageRules {
  const secretFields = new Map([
    ["webhook", new Set(["secret"])],
    ["connectedAccount", new Set(["accessToken", "refreshToken", "connectionParameters"])],
  ]);
  return { limits: { ...DEFAULT_LIMITS, ...limits }, secretFields };
}

/** A batch as Twenty emits it, with members replaced where a test wants them. */
export function personUpdated(overrides: Record<string, unknown> = {}) {
  const before = { id: UUID, city: "Paris" };
  const after = { id: UUID, city: "Lyon" };
  const diff = { city: { before: "Paris", after: "Lyon" } };
  return {
    name: "person.updated",
    workspaceId: WORKSPACE,
    events: [{ recordId: UUID, properties: { updatedFields: ["city"], before, after, diff } }],
    ...overrides,
  };
}

export function metadataCreated(overrides: Record<string, unknown> = {}) {
  return {
    name: "metadata.objectMetadata.created",
    workspaceId: WORKSPACE,
    metadataName: "objectMetadata",
    type: "created",
    events: [{ recordId: UUID, properties: { after: { id: UUID } } }],
    ...overrides,
  };
}

export function queueJobUpdated(overrides: Record<string, unknown> = {}) {
  const job = { jobId: "1", state: "active", attemptsMade: 1, enqueuedAt: 1_767_225_600_000 };
  return { name: "queueJob.updated", workspaceId: WORKSPACE, job, ...overrides };
}

export function chatMessage(overrides: Record<string, unknown> = {}) {
  return {
    channel: `AGENT_CHAT_CHANNEL:${UUID}`,
    workspaceId: WORKSPACE,
    payload: { onAgentChatEvent: { threadId: UUID, event: { type: "message" } } },
    recipientUserWorkspaceIds: [USER_WORKSPACE],
    ...overrides,
  };
}

export function databaseEvent(onDbEvent: Record<string, unknown> = {}) {
  return {
    channel: "DATABASE_EVENT_CHANNEL",
    workspaceId: WORKSPACE,
    payload: {
      onDbEvent: {
        action: "updated",
        objectNameSingular: "person",
        eventDate: "2026-01-15T10:00:00.000Z",
        record: { id: UUID, city: "Lyon" },
        updatedFields: ["city"],
        ...onDbEvent,
      },
    },
  };
}

export function webhookUpdated() {
  const record = (secret: string) => ({ id: UUID, targetUrl: "https://example.com", secret });
  const properties = {
    updatedFields: ["secret", "targetUrl"],
    before: record("hush-1"),
    after: record("hush-2"),
    diff: { secret: { before: "hush-1", after: "hush-2" }, targetUrl: {} },
  };
  return personUpdated({ name: "webhook.updated", events: [{ recordId: UUID, properties }] });
}
