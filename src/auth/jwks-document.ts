import type { CryptoKey } from "jose";
import { parseUuid } from "../core/uuid.ts";
import { importPublicJwk } from "./public-key.ts";

const MAX_DOCUMENT_BYTES = 64 * 1024;

/** How long one fetch, body included, may take. Shorter than the least time between two fetches. */
export const JWKS_TIMEOUT_MS = 5_000;

/**
 * Fetches a key set once: no redirects, at most 64 KiB, P-256 keys with a UUID `kid` only; what else it holds is left
 * out. The keys are by `kid` in lower case.
 * @throws Error whatever goes wrong
 */
export async function fetchJwks(url: string, fetch: typeof globalThis.fetch): Promise<ReadonlyMap<string, CryptoKey>> {
  const abort = new AbortController();
  const timeout = setTimeout(() => abort.abort(new Error("JWKS_URL did not answer in time.")), JWKS_TIMEOUT_MS);
  try {
    // "manual" hands the redirect itself back, in every version of the runtime; a copy of an intermediate cache could
    // keep a withdrawn key alive.
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      redirect: "manual",
      cache: "no-store",
      signal: abort.signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`JWKS_URL answered with status ${response.status}.`);
    }
    return await importKeys(JSON.parse(await readText(response)));
  } finally {
    clearTimeout(timeout);
  }
}

async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > MAX_DOCUMENT_BYTES) {
      await reader.cancel();
      throw new Error(`JWKS_URL answered with more than ${MAX_DOCUMENT_BYTES} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

async function importKeys(document: unknown): Promise<ReadonlyMap<string, CryptoKey>> {
  const entries = isObject(document) ? document.keys : undefined;
  if (!Array.isArray(entries)) throw new Error("JWKS_URL answered without a list of keys.");
  const keys = new Map<string, CryptoKey>();
  for (const entry of entries as unknown[]) {
    const kid = isObject(entry) ? parseUuid(entry.kid) : undefined;
    const key = isObject(entry) && kid !== undefined ? await importPublicJwk(entry) : undefined;
    if (kid !== undefined && key !== undefined) keys.set(kid, key);
  }
  return keys;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
