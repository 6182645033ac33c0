import { describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits.ts";
import { PersistedDocuments } from "../../src/edge/persisted-documents.ts";

const QUERY = "{ gatewayVersion }";

function documentsOf(stored: Readonly<Record<string, string>>, limits: Partial<Limits> = {}) {
  const get = vi.fn(async (id: string) => stored[id] ?? null);
  return { documents: new PersistedDocuments({ get }, { ...DEFAULT_LIMITS, ...limits }), get };
}

const bodyOf = (request: object) => JSON.stringify(request);
const urlOf = (parameters: Record<string, string>) =>
  new Request(`http://x/graphql?${new URLSearchParams(parameters)}`);

describe("PersistedDocuments", () => {
  it("[HTTP-14] puts the document in the place of its id, and leaves everything else as it is", async () => {
    const { documents } = documentsOf({ "x-app:people~1": QUERY });
    const rest = { operationName: "A", variables: { documentId: "mine" }, extensions: { resume: {} } };
    const body = await documents.inBody(bodyOf({ documentId: "x-app:people~1", ...rest }));
    expect(JSON.parse(body)).toEqual({ query: QUERY, ...rest });

    const request = urlOf({ documentId: "x-app:people~1", variables: "{}" });
    const { searchParams } = new URL((await documents.inUrl(request)).url);
    expect(Object.fromEntries(searchParams)).toEqual({ query: QUERY, variables: "{}" });
  });

  it("[HTTP-14] takes the hash that Apollo's clients send for the id sha256:<hash>", async () => {
    const { documents, get } = documentsOf({ "sha256:abc": QUERY });
    const extensions = { persistedQuery: { version: 1, sha256Hash: "abc" } };
    expect(JSON.parse(await documents.inBody(bodyOf({ extensions })))).toEqual({ query: QUERY, extensions });
    const { url } = await documents.inUrl(urlOf({ extensions: JSON.stringify(extensions) }));
    expect(new URL(url).searchParams.get("query")).toBe(QUERY);
    expect(get).toHaveBeenCalledExactlyOnceWith("sha256:abc");
  });

  it.each([
    bodyOf({ query: QUERY, documentId: "a" }),
    bodyOf({ query: QUERY, extensions: { persistedQuery: { sha256Hash: "abc" } } }),
    bodyOf({ documentId: 7 }),
    bodyOf({ extensions: { persistedQuery: "documentId" } }),
    bodyOf({ variables: { documentId: "a" } }),
    bodyOf(["documentId"]),
    '{"documentId": ',
  ])("[HTTP-14] leaves a body alone that has a query, or names no document: %s", async (body) => {
    const { documents, get } = documentsOf({ a: QUERY, "sha256:abc": QUERY });
    expect(await documents.inBody(body)).toBe(body);
    expect(get).not.toHaveBeenCalled();
  });

  it("[HTTP-15] looks for ids of 1 to 128 letters, digits and - . _ ~ : only", async () => {
    const longest = "a".repeat(128);
    const { documents, get } = documentsOf({ [longest]: QUERY });
    expect(await documents.inBody(bodyOf({ documentId: longest }))).toContain(QUERY);
    get.mockClear();
    for (const documentId of ["", `${longest}a`, "a b", "a/b", "é", "a\n"]) {
      const answer = documents.inBody(bodyOf({ documentId }));
      await expect(answer).rejects.toMatchObject({
        code: "PERSISTED_QUERY_NOT_FOUND",
        message: "PersistedQueryNotFound",
      });
    }
    expect(get).not.toHaveBeenCalled();
  });

  it("reads a document once, and one that is not there each time", async () => {
    const stored: Record<string, string> = { a: QUERY };
    const { documents, get } = documentsOf(stored);
    for (let i = 0; i < 2; i++) await documents.inBody(bodyOf({ documentId: "a" }));
    expect(get).toHaveBeenCalledOnce();
    await expect(documents.inBody(bodyOf({ documentId: "b" }))).rejects.toThrow("PersistedQueryNotFound");
    stored["b"] = "{ __typename }";
    expect(await documents.inBody(bodyOf({ documentId: "b" }))).toContain("__typename");
  });

  it("keeps no more documents than MAX_CACHED_DOCUMENTS, nor more bytes than MAX_CACHED_DOCUMENT_BYTES", async () => {
    for (const limits of [{ MAX_CACHED_DOCUMENTS: 1 }, { MAX_CACHED_DOCUMENT_BYTES: 3 * QUERY.length }]) {
      const { documents, get } = documentsOf({ a: QUERY, b: QUERY }, limits);
      for (const documentId of ["a", "a", "b", "a"]) await documents.inBody(bodyOf({ documentId }));
      expect(get.mock.calls).toEqual([["a"], ["b"], ["a"]]);
    }
  });

  it("[HTTP-15] says so when no documents are persisted, or cannot be read", async () => {
    const none = new PersistedDocuments(undefined, DEFAULT_LIMITS);
    await expect(none.inBody(bodyOf({ documentId: "a" }))).rejects.toMatchObject({
      code: "PERSISTED_QUERY_NOT_SUPPORTED",
      message: "PersistedQueryNotSupported",
    });
    const log = vi.spyOn(console, "error").mockReturnValue();
    const get = () => Promise.reject(new Error("KV is down"));
    const failing = new PersistedDocuments({ get }, DEFAULT_LIMITS);
    await expect(failing.inBody(bodyOf({ documentId: "a" }))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(log).toHaveBeenCalledExactlyOnceWith({
      message: "A persisted document could not be read",
      error: "KV is down",
    });
    log.mockRestore();
  });
});
