import { WorkerEntrypoint } from "cloudflare:workers";
import { GatewayError } from "../core/errors.ts";
import { parseMembersPatch, parseSnapshot } from "../core/permissions/parse-snapshot.ts";
import type { PermissionsAnswer } from "../core/permissions/snapshot.ts";
import type { WorkspaceReport } from "../core/pubsub/workspace.ts";
import { parseRevocation } from "../core/revocation.ts";
import type { StreamPage } from "../core/streams/stream-page.ts";
import { parseUuid } from "../core/uuid.ts";
import { edgeOf, workspaceOf } from "../edge/edge.ts";

/** What an operator asks and does, over a service binding. The binding itself is the credential. */
export class Admin extends WorkerEntrypoint<Env> {
  /** @throws GatewayError BAD_REQUEST for what is no UUID */
  async inspect(workspaceId: string): Promise<WorkspaceReport> {
    return this.#workspace(workspaceId).inspect();
  }

  /** @throws GatewayError BAD_REQUEST for what is no UUID, or says nobody to revoke */
  async revoke(workspaceId: string, revocation: unknown): Promise<{ closed: number }> {
    return this.#workspace(workspaceId).revoke(parseRevocation(revocation, Date.now()));
  }

  /**
   * @param after the `next` of the page before
   * @throws GatewayError BAD_REQUEST for what is no UUID
   */
  async listStreams(workspaceId: string, after?: string): Promise<StreamPage> {
    return this.#workspace(workspaceId).listStreams(after);
  }

  /** @throws GatewayError BAD_REQUEST for what is no UUID, else what is wrong with the snapshot */
  async putPermissions(workspaceId: string, snapshot: unknown): Promise<PermissionsAnswer> {
    const { limits } = edgeOf(this.env).settings;
    return this.#workspace(workspaceId).putPermissions(parseSnapshot(snapshot, limits));
  }

  /** @throws GatewayError BAD_REQUEST for what is no UUID, else what is wrong with the patch */
  async patchMembers(workspaceId: string, patch: unknown): Promise<PermissionsAnswer> {
    const { limits } = edgeOf(this.env).settings;
    return this.#workspace(workspaceId).patchMembers(parseMembersPatch(patch, limits));
  }

  /** @throws GatewayError BAD_REQUEST for what is no UUID */
  async erase(workspaceId: string): Promise<{ closed: number }> {
    return this.#workspace(workspaceId).erase();
  }

  #workspace(id: string) {
    const workspaceId = parseUuid(id);
    if (workspaceId === undefined) throw new GatewayError("BAD_REQUEST", "The workspace id must be a UUID.");
    return workspaceOf(this.env, workspaceId);
  }
}
