import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Backbone } from "./backbone.ts";
import type { Listening } from "./notes-client.ts";
import { type NotesStage, startNotesStage } from "./notes-stage.ts";

/** What clients of two servers see, whichever engine joins these. */
export function describeNotesServers(startBackbone: () => Promise<Backbone>): void {
  let stage: NotesStage;
  beforeAll(async () => {
    stage = await startNotesStage(startBackbone);
  });
  afterEach(() => stage.closeClients());
  afterAll(() => stage[Symbol.asyncDispose]());

  it("answer queries and mutations, and refuse what is not in their schema", async () => {
    const workspaceId = crypto.randomUUID();
    const [reader, writer] = [stage.reader(), stage.writer()];
    const note = { topic: "a", text: 'Grüße, 世界 👋\n"quoted"' };
    expect(await writer.add({ workspaceId, ...note })).toEqual(note);
    expect([await writer.added(workspaceId), await reader.added(workspaceId)]).toEqual([1, 0]);
    await expect(writer.ask("{ nothing }")).rejects.toMatchObject([{ message: /Cannot query field "nothing"/ }]);
  });

  it("give every subscriber of both servers what is added at either, once and in order", async () => {
    const workspaceId = crypto.randomUUID();
    const [reader, writer] = [stage.reader(), stage.writer()];
    const filter = { workspaceId, topics: ["general"] };
    const all = [
      await stage.listen(reader, filter),
      await stage.listen(stage.reader(), filter),
      await stage.listen(writer, filter),
    ];
    const texts = ["from the other", "from the one", 'Grüße, 世界 👋\n"quoted"', ""];
    for (const [i, text] of texts.entries()) await (i % 2 === 0 ? writer : reader).add({ workspaceId, text });
    for (const { heard } of all) await until(() => expect(heard).toEqual(texts));
    expect(all.flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  it("keep the order of what is added at both at once, the same for everybody", async () => {
    const workspaceId = crypto.randomUUID();
    const [reader, writer] = [stage.reader(), stage.writer()];
    const filter = { workspaceId, topics: ["general"] };
    const [near, far] = [await stage.listen(reader, filter), await stage.listen(writer, filter)];
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const adding = numbers.flatMap((i) => [
      reader.add({ workspaceId, text: `reader ${i}` }),
      writer.add({ workspaceId, text: `writer ${i}` }),
    ]);
    await Promise.all(adding);
    await until(() => expect([near.heard.length, far.heard.length]).toEqual([100, 100]));
    expect(near.heard).toEqual(far.heard);
    for (const server of ["reader", "writer"]) {
      const own = near.heard.filter((text) => text.startsWith(server));
      expect(own).toEqual(numbers.map((i) => `${server} ${i}`));
    }
  });

  it("keep topics apart; a subscription has one, several, or by a pattern all", async () => {
    const workspaceId = crypto.randomUUID();
    const [reader, writer] = [stage.reader(), stage.writer()];
    const one = await stage.listen(reader, { workspaceId, topics: ["a"] });
    const two = await stage.listen(reader, { workspaceId, topics: ["a", "b"] });
    const all = await stage.listen(reader, { workspaceId });
    for (const topic of ["a", "b", "c", "aa"]) await writer.add({ workspaceId, topic, text: topic });
    await until(() => expect(all.heard).toEqual(["a", "b", "c", "aa"]));
    await until(() => expect([one.heard, two.heard]).toEqual([["a"], ["a", "b"]]));
  });

  it("keep workspaces apart", async () => {
    const workspaces = [crypto.randomUUID(), crypto.randomUUID()] as const;
    const [reader, writer] = [stage.reader(), stage.writer()];
    const listening: Listening[] = [];
    for (const workspaceId of workspaces) {
      listening.push(await stage.listen(reader, { workspaceId, topics: ["general"] }));
    }
    for (const text of ["1", "2"]) {
      for (const workspaceId of [...workspaces, crypto.randomUUID()]) {
        await writer.add({ workspaceId, text: `${text} in ${workspaceId}` });
      }
    }
    for (const [i, workspaceId] of workspaces.entries()) {
      await until(() => expect(listening[i]?.heard).toEqual([`1 in ${workspaceId}`, `2 in ${workspaceId}`]));
    }
  });

  it("filter for each subscriber, and an error in the filter of one keeps the note from that one only", async () => {
    const workspaceId = crypto.randomUUID();
    const [reader, writer] = [stage.reader(), stage.writer()];
    const filter = { workspaceId, topics: ["general"] };
    const [even, failing, everything] = [
      await stage.listen(reader, { ...filter, matching: "[02468]$" }),
      reader.listen({ ...filter, matching: "no regular expression (" }),
      await stage.listen(reader, filter),
    ];
    for (const text of ["1", "2", "3", "4"]) await writer.add({ workspaceId, text });
    await until(() => expect(everything.heard).toEqual(["1", "2", "3", "4"]));
    expect([even.heard, failing.heard]).toEqual([["2", "4"], []]);
    expect([even, failing, everything].flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  it("stop for the one who unsubscribes, and are subscribed to nothing when everybody has", async () => {
    const workspaceId = crypto.randomUUID();
    const [reader, writer] = [stage.reader(), stage.writer()];
    const filter = { workspaceId, topics: ["general"] };
    const [first, second] = [await stage.listen(reader, filter), await stage.listen(stage.reader(), filter)];
    await writer.add({ workspaceId, text: "for both" });
    await until(() => expect([first.heard, second.heard]).toEqual([["for both"], ["for both"]]));
    first.stop();
    // Answered when the server has taken the end.
    await reader.added(workspaceId);
    await writer.add({ workspaceId, text: "for one" });
    await until(() => expect(second.heard).toEqual(["for both", "for one"]));
    second.stop();
    await stage.subscribed(workspaceId, 0);
    await writer.add({ workspaceId, text: "for nobody" });
    const third = await stage.listen(reader, filter);
    await writer.add({ workspaceId, text: "for who comes later" });
    await until(() => expect(third.heard).toEqual(["for who comes later"]));
    expect(first.heard).toEqual(["for both"]);
  });

  it("let go of what a client was subscribed to that is gone", async () => {
    const workspaceId = crypto.randomUUID();
    const client = stage.reader();
    await stage.listen(client, { workspaceId, topics: ["a", "b"] });
    await stage.listen(client, { workspaceId });
    await stage.subscribed(workspaceId, 3);
    await client.close();
    await stage.subscribed(workspaceId, 0);
  });
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
