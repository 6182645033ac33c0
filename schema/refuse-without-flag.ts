import type { Viewer } from "../src/core/permissions/viewer.ts";

/** Why a viewer may not subscribe to what needs a permission flag of Twenty; undefined when it may. */
export function refuseWithoutFlag(viewer: Viewer, flag: "AI" | "SECURITY" | "WORKFLOWS"): string | undefined {
  return viewer.hasFlag(flag) ? undefined : `This needs the permission flag ${flag}.`;
}
