import { MemoryReplayLog } from "../../../src/core/pubsub/memory-replay-log.ts";
import { describeReplayLog } from "../../support/replay-log-contract.ts";

describeReplayLog("MemoryReplayLog", { open: (retention) => new MemoryReplayLog(retention) });
