import type { KillableGateway } from "./killable-gateway.ts";

/** The object that the narrow role may not read, and a field of another that it may not. */
export const HIDDEN_OBJECT = "company";
export const HIDDEN_FIELD = { object: "person", name: "note" } as const;

/** Who has it may see all, or all but what is hidden. */
export type Role = "wide" | "narrow";

const WIDE = { objects: { "*": { canRead: true } }, permissionFlags: ["WORKFLOWS"] };
const ROLES: Readonly<Record<Role, object>> = {
  wide: WIDE,
  narrow: {
    ...WIDE,
    objects: {
      ...WIDE.objects,
      [HIDDEN_OBJECT]: { canRead: false },
      [HIDDEN_FIELD.object]: { canRead: true, restrictedFields: [HIDDEN_FIELD.name] },
    },
  },
};

/** The permissions of one workspace, as its publisher tells them to the gateway: one change after the other. */
export class Rights {
  readonly #gateway: KillableGateway;
  readonly #workspaceId: string;
  #version = 1;
  #told: Promise<unknown> = Promise.resolve();

  constructor(gateway: KillableGateway, workspaceId: string) {
    this.#gateway = gateway;
    this.#workspaceId = workspaceId;
  }

  /** Lets these members see all. */
  async begin(members: readonly string[]): Promise<void> {
    const wide = Object.fromEntries(members.map((member) => [member, "wide" satisfies Role]));
    await this.#tell("PUT", "permissions", { version: this.#version, roles: ROLES, members: wide });
  }

  /** Gives a member another role. Returns the head of the log once it holds: what comes after is delivered by it. */
  async change(member: string, role: Role): Promise<number> {
    const change = this.#told.then(() => {
      this.#version++;
      return this.#tell("PATCH", "permissions/members", { version: this.#version, members: { [member]: role } });
    });
    this.#told = change;
    await change;
    return this.#gateway.headOf(this.#workspaceId);
  }

  async #tell(method: "PUT" | "PATCH", path: string, body: object): Promise<void> {
    await this.#gateway.untilAnswered(`${this.#workspaceId}/${path}`, body, method);
  }
}
