import { type CryptoKey, importJWK, importSPKI } from "jose";

/** Imports the public half of a P-256 signing key from a JWK, or undefined when it is anything else. */
export async function importPublicJwk(jwk: Readonly<Record<string, unknown>>): Promise<CryptoKey | undefined> {
  const { kty, crv, x, y, use = "sig", alg = "ES256" } = jwk;
  if (kty !== "EC" || crv !== "P-256" || use !== "sig" || alg !== "ES256") return undefined;
  if (typeof x !== "string" || typeof y !== "string") return undefined;
  try {
    // Made afresh of the public members alone: a private one, or `key_ops`, would change what is imported.
    return await importJWK({ kty: "EC", crv, x, y }, "ES256");
  } catch {
    return undefined;
  }
}

/** Imports a P-256 public key from SPKI PEM, or undefined when it is anything else. */
export async function importPublicPem(pem: string): Promise<CryptoKey | undefined> {
  try {
    return await importSPKI(pem, "ES256");
  } catch {
    return undefined;
  }
}
