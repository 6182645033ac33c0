import type {
  CryptoKey,
  Request,
  SubtleCrypto,
  TextEncoder as WorkersTextEncoder,
  atob as workersAtob,
} from "@cloudflare/workers-types";

declare const crypto: { readonly subtle: SubtleCrypto };
declare const TextEncoder: typeof WorkersTextEncoder;
declare const atob: typeof workersAtob;

interface Claims {
  readonly workspaceId: string;
  readonly type: string;
  /** Epoch seconds. */
  readonly exp: number;
}

const HMAC = { name: "HMAC", hash: "SHA-256" };
const keys = new Map<string, Promise<CryptoKey>>();

/**
 * Whether the token among an upgrade's subprotocols is signed by HS256 and has not expired: the least that a gateway must
 * look at. The key is made as Twenty makes it, once for every workspace.
 */
export async function hasValidToken({ headers }: Request, appSecret: string): Promise<boolean> {
  const [, token = ""] = /\bbearer\.([\w.-]+)/.exec(headers.get("Sec-WebSocket-Protocol") ?? "") ?? [];
  const [header = "", payload = "", signature = ""] = token.split(".");
  const { workspaceId, type, exp } = JSON.parse(decodeBase64(payload)) as Claims;
  const secret = appSecret + workspaceId + type;
  const key = keys.get(secret) ?? importKey(secret);
  keys.set(secret, key);
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  const isSigned = await crypto.subtle.verify("HMAC", await key, bytesOf(decodeBase64(signature)), signed);
  return isSigned && exp * 1000 > Date.now();
}

async function importKey(secret: string): Promise<CryptoKey> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret)));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return crypto.subtle.importKey("raw", new TextEncoder().encode(hex), HMAC, false, ["verify"]);
}

function decodeBase64(text: string): string {
  return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}

function bytesOf(binary: string): Uint8Array {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
