import { DEV_WORKSPACE_ID } from "../../scripts/lib/sign-token.ts";
import { DEV_BINDINGS } from "../../test/support/dev-bindings.ts";
import { personsUpdatedBody, unheardBody } from "./crm-event.ts";
import type { ConnectOptions, PublishOptions } from "./load-commands.ts";
import { atOffset, templateFrom, watchedRecordId } from "./sequence.ts";
import type { Server } from "./server.ts";

/** A publish without how often. */
export type Publish = Omit<PublishOptions, "calls">;

/** How Sluice and the Redis stack are told of persons that changed: the same body, with the same secret. */
export function publishPersons(
  { host }: Server,
  eventsPerCall: number,
  receivers: ConnectOptions["receivers"],
): Publish {
  return {
    eventsPerCall,
    url: `http://${host}/publish`,
    headers: { Authorization: `Bearer ${DEV_BINDINGS.PUBLISHER_SECRETS}`, "Content-Type": "application/json" },
    body: personsUpdatedBody({
      workspaceId: DEV_WORKSPACE_ID,
      events: eventsPerCall,
      ofWatched: receivers === "watcher",
    }),
  };
}

/** The same with events that nobody is subscribed to. */
export function publishUnheard(server: Server, eventsPerCall: number): Publish {
  const body = unheardBody({ workspaceId: DEV_WORKSPACE_ID, events: eventsPerCall, ofWatched: false });
  return { ...publishPersons(server, eventsPerCall, "all"), body, isUnheard: true };
}

/**
 * How the control is told to send what the gateway sent, byte for byte but for the numbers.
 * @param frame one that a subscriber of the gateway received
 */
export function sendFrames(
  { host }: Server,
  eventsPerCall: number,
  receivers: ConnectOptions["receivers"],
  frame: string,
): Publish {
  const template = templateFrom(frame);
  if (receivers === "all") return { eventsPerCall, url: `http://${host}/`, headers: {}, body: template };
  const lines = Array.from({ length: eventsPerCall }, (_, offset) => {
    return `${watchedRecordId(offset)} ${atOffset(template, offset)}`;
  });
  return { eventsPerCall, url: `http://${host}/matching`, headers: {}, body: lines.join("\n") };
}

/** The same with frames for records that nobody watches. */
export function sendUnheard({ host }: Server, eventsPerCall: number, frame: string): Publish {
  const lines = Array.from({ length: eventsPerCall }, () => `${NOBODYS_RECORD} ${frame}`);
  return { eventsPerCall, url: `http://${host}/matching`, headers: {}, body: lines.join("\n"), isUnheard: true };
}

const NOBODYS_RECORD = "00000000-0000-4000-8000-000000000000";
