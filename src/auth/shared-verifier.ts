import type { Settings } from "../core/settings.ts";
import { createTokenVerifier, type TokenVerifier } from "./verify-token.ts";

/** The verifier of a set of settings: one per isolate, since it keeps the keys that it fetched. */
export function sharedVerifier(settings: Settings): TokenVerifier {
  let verifier = verifiers.get(settings);
  if (verifier === undefined) {
    verifier = createTokenVerifier({ settings, now: Date.now, fetch: (...args) => fetch(...args) });
    verifiers.set(settings, verifier);
  }
  return verifier;
}

const verifiers = new WeakMap<Settings, TokenVerifier>();
