import type { GraphQLError } from "graphql";
import { codedError } from "../src/core/operation/coded-error.ts";
import type { SubscribePayload } from "../src/core/protocol/messages.ts";
import { parseResumeRequest } from "../src/core/protocol/resume-request.ts";
import type { ResumeState } from "../src/core/protocol/session.ts";
import type { WorkspaceLog } from "./workspace-log.ts";

/** Where an operation begins. */
export interface ResumePoint {
  /** Absent when it did not ask for positions. */
  readonly resume?: ResumeState;
  /** What came before is not to be had any more. */
  readonly isGap: boolean;
}

/** Where an operation begins by what its client asked for, and by what the log still holds. */
export function resumePoint(extensions: SubscribePayload["extensions"], log: WorkspaceLog): ResumePoint | GraphQLError {
  const request = parseResumeRequest(extensions);
  if (request.type === "none") return { isGap: false };
  if (request.type === "from-now") return { resume: {}, isGap: false };
  if (request.type === "malformed" || request.position.workspace !== log.workspaceTag) {
    return codedError("BAD_POSITION", "extensions.resume.after must be a position that this workspace gave.");
  }
  const { epoch, offset } = request.position;
  const { floor, head } = log.open();
  const isReachable = epoch === log.epoch() && offset >= floor && offset <= head;
  return isReachable ? { resume: { cursor: offset }, isGap: false } : FROM_NOW_WITH_GAP;
}

/** Nothing is replayed where not all of it can be. */
export const FROM_NOW_WITH_GAP: ResumePoint = { resume: {}, isGap: true };
