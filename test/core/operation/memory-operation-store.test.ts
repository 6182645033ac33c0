import { MemoryOperationStore } from "../../../src/core/operation/memory-operation-store.ts";
import { describeOperationStore } from "../../support/operation-store-contract.ts";

describeOperationStore("MemoryOperationStore", { open: () => new MemoryOperationStore() });
