import { MemoryStreamStore } from "../../../src/core/streams/memory-stream-store.ts";
import { describeStreamStore } from "../../support/stream-store-contract.ts";

describeStreamStore("MemoryStreamStore", { open: () => new MemoryStreamStore() });
