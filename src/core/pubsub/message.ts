import type { JsonObject } from "../json.ts";

/** What was published: what the log keeps, as JSON, and what subscriptions are matched against. */
export type Message = RecordMessage | MetadataMessage | QueueJobMessage | ChannelMessage;

export const DATABASE_EVENT_ACTIONS = ["created", "updated", "deleted", "destroyed", "restored", "upserted"] as const;
export type DatabaseEventAction = (typeof DATABASE_EVENT_ACTIONS)[number];

/** What happened to records of one object, in one batch. */
export interface RecordMessage {
  readonly kind: "record";
  readonly objectNameSingular: string;
  readonly action: DatabaseEventAction;
  readonly objectMetadata?: ObjectMetadata | undefined;
  /** At least one. */
  readonly events: readonly RecordEvent[];
  /** What an enricher found them to be related to, by the field of the relation. */
  readonly related?: Readonly<Record<string, RelatedRecords>> | undefined;
}

/** Records of another object, whole: who may see what of them is for permissions to say. */
export interface RelatedRecords {
  readonly objectNameSingular: string;
  readonly records: readonly JsonObject[];
}

/** As much of Twenty's object metadata as filters need. */
export interface ObjectMetadata {
  readonly nameSingular: string;
  readonly fields?: readonly FieldMetadata[] | undefined;
}

export interface FieldMetadata {
  readonly name: string;
  readonly type: string;
  readonly options?: readonly unknown[] | undefined;
  /** The column of a relation, `companyId` for `company`. */
  readonly joinColumnName?: string | undefined;
}

export interface RecordEvent {
  readonly recordId: string;
  readonly userId?: string | undefined;
  readonly workspaceMemberId?: string | undefined;
  /** A newer change of the record was in the log already: kept, and delivered to nobody (`ORDER_BY_RECORD`). */
  readonly superseded?: true;
  /** Holds `after` or `before`, or both. */
  readonly properties: EventProperties;
}

/** A change, without the secret fields of the object. */
export interface EventProperties {
  readonly updatedFields?: readonly string[] | undefined;
  readonly before?: JsonObject | undefined;
  readonly after?: JsonObject | undefined;
  readonly diff?: JsonObject | undefined;
}

export const METADATA_EVENT_ACTIONS = ["created", "updated", "deleted"] as const;
export type MetadataEventAction = (typeof METADATA_EVENT_ACTIONS)[number];

/** What happened to the metadata of a workspace: for every event stream, or for those that the two last members name. */
export interface MetadataMessage {
  readonly kind: "metadata";
  readonly metadataName: string;
  readonly type: MetadataEventAction;
  /** At least one. */
  readonly events: readonly MetadataEvent[];
  readonly updatedCollectionHash?: string | undefined;
  /** Nobody else receives it; an empty list is nobody. */
  readonly recipientUserWorkspaceIds?: readonly string[] | undefined;
  readonly requiredPermissionFlag?: string | undefined;
}

export interface MetadataEvent {
  readonly recordId: string;
  readonly properties: EventProperties;
}

/** The state of a background job: for the event streams of one user, or of everybody. */
export interface QueueJobMessage {
  readonly kind: "queueJob";
  readonly userWorkspaceId?: string | undefined;
  readonly job: JobStatus;
}

export interface JobStatus {
  readonly jobId: string;
  readonly state: string;
  readonly attemptsMade: number;
  readonly failedReason?: string | undefined;
  readonly progress?: unknown;
  /** Epoch milliseconds, as the two below. */
  readonly enqueuedAt?: number | undefined;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
}

/** A payload on a named channel, as `PubSubEngine.publish` carries it. */
export interface ChannelMessage {
  readonly kind: "channel";
  /** Without the workspace. */
  readonly channel: string;
  readonly payload: unknown;
  /** Nobody else receives it; always there on chat channels. */
  readonly recipientUserWorkspaceIds?: readonly string[] | undefined;
}
