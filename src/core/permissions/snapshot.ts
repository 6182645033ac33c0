import type { CallerValue, ParsedFilter } from "../filter/filter.ts";

/** Sorted, each once. Ids that no role has grant nothing. */
export type RoleIds = readonly string[];

/** A permission snapshot as doors hand it on and stores keep it: checked, and plain data. */
export interface PermissionSnapshot {
  readonly version: number;
  /** Canonical JSON of everything but version and members: what `parseRules` reads. */
  readonly rules: string;
  /** By user workspace. */
  readonly members: ReadonlyMap<string, RoleIds>;
}

/** A change of some members alone: null takes a member out. */
export interface MembersPatch {
  readonly version: number;
  readonly members: ReadonlyMap<string, RoleIds | null>;
}

/** What became of a snapshot or a patch, as plain data: it passes between edge and object. */
export type PermissionsAnswer =
  | { readonly taken: true; readonly version: number }
  | {
      readonly taken: false;
      readonly code: "VERSION_CONFLICT" | "TOO_LARGE";
      readonly message: string;
      /** Of what is stored; null when nothing is. */
      readonly version: number | null;
    };

/** What roles may see, and whose roles they are besides members. */
export interface PermissionRules {
  readonly roles: ReadonlyMap<string, Role>;
  readonly apiKeys: ReadonlyMap<string, RoleIds>;
  readonly applications: ReadonlyMap<string, RoleIds>;
  /** Object to field to one of Twenty's `FieldMetadataType`s. */
  readonly fieldTypes: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export interface Role {
  /** By the name of an object; `*` stands for those that are not named. */
  readonly objects: ReadonlyMap<string, ObjectRule>;
  readonly flags: ReadonlySet<string>;
  /** What its row filters ask of a caller. */
  readonly callerValues: ReadonlySet<CallerValue>;
}

/** What a role may see of an object. One that it names and cannot read is not what `*` says. */
export interface ObjectRule {
  readonly canRead: boolean;
  readonly restrictedFields: ReadonlySet<string>;
  readonly rowFilter?: ParsedFilter;
}
