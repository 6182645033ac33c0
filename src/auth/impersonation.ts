import { parseUuid } from "../core/uuid.ts";
import { refusal } from "./refusal.ts";

/**
 * The `userWorkspaceId` of whoever acts as the user of the token, or undefined when nobody does. The three claims are
 * only taken together: half of them would leave it open whom a revocation must hit.
 * @throws GatewayError UNAUTHENTICATED when the claims contradict each other or `isImpersonating` is no boolean
 */
export function parseImpersonator(
  payload: Readonly<Record<string, unknown>>,
  userWorkspaceId: string | undefined,
): string | undefined {
  const { isImpersonating = false, impersonatorUserWorkspaceId, impersonatedUserWorkspaceId } = payload;
  if (typeof isImpersonating !== "boolean") {
    throw refusal("The token's isImpersonating claim is not a boolean.");
  }
  if (!isImpersonating) {
    if ((impersonatorUserWorkspaceId ?? impersonatedUserWorkspaceId ?? undefined) === undefined) return undefined;
    throw refusal("The token names an impersonation without isImpersonating.");
  }
  const impersonator = parseUuid(impersonatorUserWorkspaceId);
  const impersonated = parseUuid(impersonatedUserWorkspaceId);
  if (impersonator === undefined || impersonated === undefined) {
    throw refusal("The token's impersonation lacks one of its two ids.");
  }
  if (impersonated !== userWorkspaceId) {
    throw refusal("The token impersonates another user than it names.");
  }
  if (impersonator === impersonated) {
    throw refusal("The token's user impersonates themselves.");
  }
  return impersonator;
}
