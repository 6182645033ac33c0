import { MemoryPermissionStore } from "../../../src/core/permissions/memory-permission-store.ts";
import { describePermissionStore } from "../../support/permission-store-contract.ts";

describePermissionStore("MemoryPermissionStore", { open: () => new MemoryPermissionStore() });
