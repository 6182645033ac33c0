import { BoundedCache } from "../core/bounded-cache.ts";
import { GatewayError, messageOf } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Limits } from "../core/limits.ts";

/** As much as is needed of the KV namespace that is bound as `PERSISTED_DOCUMENTS`. */
export interface DocumentStore {
  get(id: string): Promise<string | null>;
}

/** That of the draft, and of 128 characters at most. KV refuses to be asked for the two names of folders. */
const ID = /^(?!\.{1,2}$)[\w.~:-]{1,128}$/;

/** Documents that clients may name instead of sending them. What an id stands for never changes. */
export class PersistedDocuments {
  readonly #store: DocumentStore | undefined;
  readonly #cache: BoundedCache<string>;

  constructor(store: DocumentStore | undefined, limits: Limits) {
    this.#store = store;
    this.#cache = new BoundedCache(limits.MAX_CACHED_DOCUMENTS, limits.MAX_CACHED_DOCUMENT_BYTES);
  }

  /**
   * The body of a request, with the document that it names as its `query`; one that names none as it is.
   * @throws GatewayError PERSISTED_QUERY_NOT_SUPPORTED, PERSISTED_QUERY_NOT_FOUND, UNAVAILABLE
   */
  async inBody(text: string): Promise<string> {
    // Most requests hold their document, and need not be parsed here as well.
    if (!/"(documentId|persistedQuery)"/.test(text)) return text;
    const body = parsed(text);
    const id = idIn(body);
    if (id === undefined) return text;
    const { documentId: _, ...rest } = body;
    return JSON.stringify({ ...rest, query: await this.#find(id) });
  }

  /**
   * The same for a request whose parameters are in its URL.
   * @throws GatewayError as `inBody`
   */
  async inUrl(request: Request): Promise<Request> {
    const url = new URL(request.url);
    const { searchParams } = url;
    const id = idIn({
      query: searchParams.get("query"),
      documentId: searchParams.get("documentId"),
      extensions: parsed(searchParams.get("extensions") ?? ""),
    });
    if (id === undefined) return request;
    searchParams.set("query", await this.#find(id));
    searchParams.delete("documentId");
    return new Request(url, request);
  }

  async #find(id: string): Promise<string> {
    const known = this.#cache.get(id);
    if (known !== undefined) return known;
    const text = await this.#read(id);
    // What Apollo's and urql's clients send the document itself for.
    if (text === null) throw new GatewayError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
    this.#cache.set(id, text, 2 * text.length);
    return text;
  }

  async #read(id: string): Promise<string | null> {
    if (this.#store === undefined) {
      throw new GatewayError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
    }
    if (!ID.test(id)) return null;
    try {
      return await this.#store.get(id);
    } catch (thrown) {
      console.error({ message: "A persisted document could not be read", error: messageOf(thrown) });
      throw new GatewayError("UNAVAILABLE", "Persisted documents cannot be read now; the request may be repeated.");
    }
  }
}

/** The id of the document that a request has in the place of one. Apollo's and urql's clients know it by its hash. */
function idIn({ query, documentId, extensions }: JsonObject): string | undefined {
  if (query != null) return undefined;
  if (typeof documentId === "string") return documentId;
  const { persistedQuery } = isJsonObject(extensions) ? extensions : {};
  const { sha256Hash } = isJsonObject(persistedQuery) ? persistedQuery : {};
  return typeof sha256Hash === "string" ? `sha256:${sha256Hash}` : undefined;
}

/** What is no JSON object names nothing; whoever reads the request says what is wrong with it. */
function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
