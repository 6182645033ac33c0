import { sharedVerifier } from "../auth/shared-verifier.ts";
import type { TokenVerifier } from "../auth/verify-token.ts";
import type { Workspace } from "../core/pubsub/workspace.ts";
import { type Settings, settingsOf } from "../core/settings.ts";
import { UnreadLedger } from "../core/unread-ledger.ts";
import { type DocumentStore, PersistedDocuments } from "./persisted-documents.ts";
import { SocketsWithoutToken } from "./sockets-without-token.ts";

/** What every door of an isolate shares. Nothing in it belongs to a tenant. */
export interface Edge {
  readonly env: Env;
  readonly settings: Settings;
  readonly verifier: TokenVerifier;
  readonly socketsWithoutToken: SocketsWithoutToken;
  /** Bytes that wait here for clients whose sockets are relayed. */
  readonly unread: UnreadLedger<object>;
  readonly documents: PersistedDocuments;
}

/** Whoever leaves bytes unread is looked at every 100 ms; an entry this old is of a request that is gone. */
const UNREAD_ENTRY_MAX_AGE_MS = 10_000;

/** A workspace's object, reached by RPC or with a request. */
export type WorkspaceStub = Workspace & Pick<Fetcher, "fetch">;

/**
 * The edge of a Worker's bindings, made once per isolate: fetched keys are kept in it.
 * @throws SettingsError when a setting is bad
 */
export function edgeOf(env: Env): Edge {
  let edge = edges.get(env);
  if (edge === undefined) {
    const settings = settingsOf(env);
    // Not in the configuration that the type is made of: it is bound where documents are persisted.
    const { PERSISTED_DOCUMENTS } = env as { readonly PERSISTED_DOCUMENTS?: DocumentStore };
    edge = {
      env,
      settings,
      verifier: sharedVerifier(settings),
      socketsWithoutToken: new SocketsWithoutToken(settings.limits),
      unread: new UnreadLedger(settings.limits, { maxAgeMs: UNREAD_ENTRY_MAX_AGE_MS }),
      documents: new PersistedDocuments(PERSISTED_DOCUMENTS, settings.limits),
    };
    edges.set(env, edge);
  }
  return edge;
}

const edges = new WeakMap<Env, Edge>();

/** The object of a workspace. Another jurisdiction is another object of the same name. */
export function workspaceOf(env: Env, workspaceId: string): WorkspaceStub {
  const { jurisdiction, locationHint } = settingsOf(env);
  const namespace = jurisdiction === undefined ? env.WORKSPACES : env.WORKSPACES.jurisdiction(jurisdiction);
  // An object of options costs as much as the rest of this, and mostly there are none.
  return locationHint === undefined
    ? namespace.getByName(workspaceId)
    : namespace.getByName(workspaceId, { locationHint });
}
