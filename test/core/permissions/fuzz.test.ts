import fc from "fast-check";
import { expect, it } from "vitest";
import type { RecordEvent, RecordMessage } from "../../../src/core/pubsub/message.ts";
import { parseMessage } from "../../../src/core/pubsub/parse-message.ts";
import {
  APPLICATION,
  CALLERS,
  type CallerName,
  eventCase,
  messageOf,
  permissionCase,
  snapshotOf,
  USER_WORKSPACES,
  valuesIn,
  visibleValues,
} from "../../support/permission-cases.ts";
import { application, permissionsOf, user } from "../../support/permissions-of.ts";
import { messageRules, WORKSPACE } from "../../support/publish-fixtures.ts";

function principalOf(name: CallerName) {
  return name === "application" ? application(APPLICATION, USER_WORKSPACES.ada) : user(USER_WORKSPACES[name]);
}

it("[PERM-3] [PERM-5] [PERM-6] every caller sees exactly what a plain reading of the rules allows", () => {
  const counts = { seen: 0, unseen: 0 };
  fc.assert(
    fc.property(permissionCase, fc.array(eventCase, { minLength: 1, maxLength: 5 }), (permissions, events) => {
      const stored = permissionsOf(snapshotOf(permissions, 1));
      for (const [n, event] of events.entries()) {
        const { message } = parseMessage(messageOf(event, n, WORKSPACE), messageRules());
        const text = JSON.stringify(message);
        for (const caller of CALLERS) {
          const viewer = stored.viewerOf(principalOf(caller));
          const seen = viewer?.see(message as RecordMessage, (message as RecordMessage).events[0] as RecordEvent);
          const values = valuesIn(JSON.stringify(seen ?? null));
          expect(values).toEqual(visibleValues(permissions, caller, event, n).all);
          counts[values.size > 0 ? "seen" : "unseen"]++;
        }
        expect(JSON.stringify(message)).toBe(text);
      }
    }),
    { seed: 20261124, numRuns: 1_000 },
  );
  // Neither may be so rare that nothing is shown.
  expect(Math.min(counts.seen, counts.unseen)).toBeGreaterThan(1_500);
});
