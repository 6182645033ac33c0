import { describe, expect, it, vi } from "vitest";
import { type Backbone, startGatewayBackbone, startRedisBackbone } from "../support/backbone.ts";
import { describeOnRedis } from "../support/describe-on-redis.ts";
import { describeNotesServers } from "../support/notes-server-contract.ts";
import { type NotesStage, startNotesStage } from "../support/notes-stage.ts";

const [BEFORE, MEANWHILE, AFTERWARDS] = [range(0, 20), range(20, 40), range(40, 60)];
const ALL = [...BEFORE, ...MEANWHILE, ...AFTERWARDS];
const WITHOUT_MEANWHILE = [...BEFORE, ...AFTERWARDS];

describeOnRedis("Two servers on RedisPubSub and a real Redis", () => {
  describeNotesServers(startRedisBackbone);

  it("lose what is added after Redis was killed, until the subscribed server is back at it", async () => {
    expect(await heardOverKill(startRedisBackbone)).toEqual(WITHOUT_MEANWHILE);
  });

  it("lose what is added while the subscribed server is cut off from Redis", async () => {
    expect(await heardOverCut(startRedisBackbone)).toEqual(WITHOUT_MEANWHILE);
  });

  it("lose what is added while the subscribed server is gone itself", async () => {
    expect(await heardOverDeathOfServer(startRedisBackbone)).toEqual(WITHOUT_MEANWHILE);
  });
});

describe("Two servers on SluicePubSub and a gateway", () => {
  describeNotesServers(startGatewayBackbone);

  it("[SHIM-7] lose nothing and repeat nothing of what is added after the gateway was killed, until the subscribed server is back at it", async () => {
    expect(await heardOverKill(startGatewayBackbone)).toEqual(ALL);
  });

  it("[SHIM-7] lose nothing and repeat nothing of what is added while the subscribed server is cut off from the gateway", async () => {
    expect(await heardOverCut(startGatewayBackbone)).toEqual(ALL);
  });

  it("lose what is added while the subscribed server is gone itself, as its engine begins anew", async () => {
    expect(await heardOverDeathOfServer(startGatewayBackbone)).toEqual(WITHOUT_MEANWHILE);
  });
});

/**
 * Kills what is between the servers while a client is subscribed at one and another adds notes at the other. The server of
 * the first is back after that of the second: two connections never come back at the same moment.
 */
async function heardOverKill(startBackbone: () => Promise<Backbone>): Promise<readonly string[]> {
  await using stage = await startNotesStage(startBackbone);
  const { add, addAfterwards, heard } = await startAdding(stage);
  await stage.backbone.kill();
  stage.network.cut();
  const adding = add(MEANWHILE);
  await stage.backbone.startAgain();
  await adding;
  stage.network.restore();
  await addAfterwards();
  return heard;
}

/** Cuts the subscribed server off, and nobody else. */
async function heardOverCut(startBackbone: () => Promise<Backbone>): Promise<readonly string[]> {
  await using stage = await startNotesStage(startBackbone);
  const { add, addAfterwards, heard, noServerIsSubscribed } = await startAdding(stage);
  stage.network.cut();
  await noServerIsSubscribed();
  await add(MEANWHILE);
  stage.network.restore();
  await addAfterwards();
  return heard;
}

/** Kills the subscribed server. Its client subscribes again as soon as it is back. */
async function heardOverDeathOfServer(startBackbone: () => Promise<Backbone>): Promise<readonly string[]> {
  await using stage = await startNotesStage(startBackbone);
  const { add, addAfterwards, heard, noServerIsSubscribed } = await startAdding(stage);
  await stage.killReader();
  await noServerIsSubscribed();
  await add(MEANWHILE);
  await stage.startReaderAgain();
  await addAfterwards();
  return heard;
}

/** A client is subscribed at one server, and has heard what another has added at the other so far. */
async function startAdding(stage: NotesStage) {
  const workspaceId = crypto.randomUUID();
  const writer = stage.writer();
  const listening = await stage.listen(stage.reader(), { workspaceId, topics: ["general"] });
  const { heard } = listening;
  /** Resolves when the server has said of each that it is added. */
  const add = async (texts: readonly string[]) => {
    const answers = await Promise.all(texts.map((text) => writer.add({ workspaceId, text })));
    expect(answers).toEqual(texts.map((text) => ({ topic: "general", text })));
  };
  const heardLast = (texts: readonly string[]) =>
    vi.waitFor(() => expect(heard.at(-1)).toBe(texts.at(-1)), { timeout: 30_000, interval: 10 });
  await add(BEFORE);
  await heardLast(BEFORE);
  return {
    add,
    heard,
    noServerIsSubscribed: () => stage.subscribed(workspaceId, 0),
    /** Of what is added when the subscription hears again, nothing is missed. */
    async addAfterwards() {
      await stage.live(listening);
      await add(AFTERWARDS);
      await heardLast(AFTERWARDS);
    },
  };
}

function range(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}
