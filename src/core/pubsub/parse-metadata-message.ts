import type { JsonObject } from "../json.ts";
import { METADATA_EVENT_ACTIONS, type MetadataEvent, type MetadataMessage } from "./message.ts";
import type { MessageRules } from "./message-rules.ts";
import { readEvents, readProperties, readRecordId } from "./read-event.ts";
import { readIdentifier, readObject, readOneOf, readOptional, readText, refuse } from "./read-field.ts";
import { readRecipients } from "./read-recipients.ts";

/** Parses Twenty's `MetadataEventBatch`. */
export function parseMetadataMessage(input: JsonObject, name: string, rules: MessageRules): MetadataMessage {
  const metadataName = readIdentifier(input.metadataName, "metadataName");
  const type = readOneOf(input.type, "type", METADATA_EVENT_ACTIONS);
  if (name !== `metadata.${metadataName}.${type}`) refuse("name", "metadata.<metadataName>.<type>");
  // Webhooks and connected accounts have been records in some versions of Twenty and metadata in others.
  const secret = rules.secretFields.get(metadataName);
  return {
    kind: "metadata",
    metadataName,
    type,
    events: readEvents(input.events, rules.limits.MAX_EVENTS_PER_MESSAGE, (value, path) =>
      readMetadataEvent(value, path, secret),
    ),
    updatedCollectionHash: readOptional(input.updatedCollectionHash, "updatedCollectionHash", readText),
    recipientUserWorkspaceIds: readOptional(
      input.recipientUserWorkspaceIds,
      "recipientUserWorkspaceIds",
      readRecipients,
    ),
    requiredPermissionFlag: readOptional(input.requiredPermissionFlag, "requiredPermissionFlag", readText),
  };
}

function readMetadataEvent(value: unknown, path: string, secret: ReadonlySet<string> | undefined): MetadataEvent {
  const event = readObject(value, path);
  const properties = readProperties(event.properties, `${path}.properties`, secret);
  return { recordId: readRecordId(event, properties, path), properties };
}
