import type { Settings } from "../settings.ts";

/** The settings that decide what is taken from publishers. */
export type MessageRules = Pick<Settings, "limits" | "secretFields">;
