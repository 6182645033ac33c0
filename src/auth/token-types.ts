/** The types of Twenty's tokens that speak for a caller. */
export const ACCEPTED_TYPES = ["ACCESS", "PLAYGROUND", "API_KEY", "APPLICATION", "APPLICATION_ACCESS"] as const;

export type AcceptedType = (typeof ACCEPTED_TYPES)[number];

/** Twenty's other types: good for something else, never for a request. Only these are named when they are refused. */
const REFUSED_TYPES = [
  "REFRESH",
  "WORKSPACE_AGNOSTIC",
  "LOGIN",
  "FILE",
  "FILE_UPLOAD",
  "POSTGRES_PROXY",
  "REMOTE_SERVER",
  "KEY_ENCRYPTION_KEY",
  "APPLICATION_REFRESH",
  "APP_OAUTH_STATE",
  "APPLICATION_REGISTRATION_GITHUB_CLAIM_STATE",
  "APPROVED_ACCESS_DOMAIN",
];

/** The accepted type that the value is, or undefined. */
export function parseAcceptedType(value: unknown): AcceptedType | undefined {
  return ACCEPTED_TYPES.find((type) => type === value);
}

/** Why a type was refused. A name that is not one of Twenty's came from a stranger and is not repeated. */
export function refusalOfType(value: unknown): string {
  const known = REFUSED_TYPES.find((type) => type === value);
  return known === undefined
    ? "The token's type is not accepted here."
    : `The token's type ${known} is not accepted here.`;
}
