/** What can be published, in the shapes of Twenty. `docs/protocol.md`, PUB, has the rules. */
export type PublishMessage = RecordBatch | MetadataBatch | QueueJobEvent | ChannelPayload;

interface MessageOf {
  /** The idempotency key: published again, the message changes nothing. @default a random one, kept on every retry */
  id?: string;
  /** A UUID. */
  workspaceId: string;
}

/** Changes of records, as Twenty's `WorkspaceEventBatch`. */
export interface RecordBatch extends MessageOf {
  /** `<object>.<action>`, such as `person.updated`. */
  name: string;
  objectMetadata?: object;
  events: readonly { recordId?: string; userId?: string; workspaceMemberId?: string; properties: object }[];
}

/** Changes of metadata. */
export interface MetadataBatch extends MessageOf {
  /** `metadata.<kind>.<action>`. */
  name: string;
  metadataName: string;
  type: string;
  events: readonly { recordId: string; properties: object }[];
  updatedCollectionHash?: string;
  recipientUserWorkspaceIds?: readonly string[];
  requiredPermissionFlag?: string;
}

/** The state of a background job. */
export interface QueueJobEvent extends MessageOf {
  name: "queueJob.updated";
  broadcastTo?: { userWorkspaceId?: string };
  job: object;
}

/** What `RedisPubSub.publish` carried. */
export interface ChannelPayload extends MessageOf {
  /** With the workspace in second place, or without. */
  channel: string;
  payload: unknown;
  /** Nobody else receives it. */
  recipientUserWorkspaceIds?: readonly string[];
}

/** What became of one message. */
export type PublishResult = PublishedResult | RefusedResult;

/** The message is durable. */
export interface PublishedResult {
  readonly id: string;
  readonly workspaceId: string;
  /** That of its last event. */
  readonly position: string;
  readonly events: number;
  /** It was there before: published twice, or its first answer was lost. */
  readonly duplicate: boolean;
  readonly error?: never;
}

export interface RefusedResult {
  readonly id: string;
  readonly workspaceId: string;
  readonly error: PublishError;
}

/** Why a message was not taken. */
export interface PublishError {
  /** A code of `docs/errors.md`, or `HTTP_<status>` for an answer that is none of the gateway's. */
  readonly code: string;
  readonly message: string;
  /** Whether it may be taken later, under the same id. It was tried until the publisher gave up. */
  readonly retryable: boolean;
}
