import { afterEach, describe, expect, it, vi } from "vitest";

/** As much of RedisPubSub as code is written for. */
export interface Engine {
  publish(trigger: string, payload: unknown): Promise<void>;
  subscribe(
    trigger: string,
    onMessage: (payload: unknown) => void,
    options?: { pattern?: boolean; path?: readonly string[] },
  ): Promise<number>;
  unsubscribe(subId: number): void;
  asyncIterator<T>(triggers: string | string[], options?: { pattern?: boolean }): AsyncIterator<T>;
  close(): Promise<unknown>;
}

/** What of RedisPubSub's options changes what is heard. */
export interface EngineOptions {
  triggerTransform?: (trigger: string, options: unknown) => string;
  reviver?: (key: string, value: unknown) => unknown;
  serializer?: (payload: unknown) => string;
  deserializer?: (text: string | Buffer, context: { channel: string; pattern?: string }) => unknown;
}

/** What every engine does that stands in RedisPubSub's place. */
export function describeEngine(name: string, make: (options?: EngineOptions) => Engine): void {
  describe(`${name} as an engine`, () => {
    const engines: Engine[] = [];
    const engine = (options?: EngineOptions) => {
      const made = make(options);
      engines.push(made);
      return made;
    };
    afterEach(() => Promise.all(engines.splice(0).map((made) => made.close())));

    /** A trigger of a workspace of its own. */
    const trigger = (rest = "", workspaceId: string = crypto.randomUUID()) => `NOTES_CHANNEL:${workspaceId}${rest}`;

    /** Subscribes, and keeps what is heard. */
    async function listen(to: Engine, name: string, options?: Parameters<Engine["subscribe"]>[2]) {
      const heard: unknown[] = [];
      const id = await to.subscribe(name, (payload) => heard.push(payload), options);
      return { id, heard };
    }

    it("gives every subscriber of a trigger what is published on it, in order, as JSON makes it", async () => {
      const [pubsub, other] = [engine(), engine()];
      const name = trigger();
      const listeners = [await listen(pubsub, name), await listen(pubsub, name), await listen(other, name)];
      const payloads = [{ at: new Date(0), left: undefined }, [1, "a"], "text", "", 0, false, null];
      for (const payload of payloads) await pubsub.publish(name, payload);
      const expected = [{ at: "1970-01-01T00:00:00.000Z" }, [1, "a"], "text", "", 0, false, null];
      for (const { heard } of listeners) await until(() => expect(heard).toEqual(expected));
    });

    it("keeps triggers and workspaces apart", async () => {
      const pubsub = engine();
      const [name, workspaceId] = [trigger(), crypto.randomUUID()];
      const { heard } = await listen(pubsub, name);
      for (const other of [trigger(), `${name}:a`, trigger("", workspaceId), name.replace("NOTES", "NODES")]) {
        await pubsub.publish(other, "other");
      }
      await pubsub.publish(name, "end");
      await until(() => expect(heard).toEqual(["end"]));
    });

    it("stops for the one who unsubscribes, and for nobody else", async () => {
      const pubsub = engine();
      const name = trigger();
      const [first, second] = [await listen(pubsub, name), await listen(pubsub, name)];
      expect(first.id).not.toBe(second.id);
      pubsub.unsubscribe(first.id);
      await pubsub.publish(name, 1);
      await until(() => expect(second.heard).toEqual([1]));
      pubsub.unsubscribe(second.id);
      const third = await listen(pubsub, name);
      await pubsub.publish(name, 2);
      await until(() => expect(third.heard).toEqual([2]));
      expect([first.heard, second.heard]).toEqual([[], [1]]);
      expect(() => pubsub.unsubscribe(first.id)).toThrow(`There is no subscription of id "${first.id}"`);
    });

    it("publishes what nobody listens to", async () => {
      await expect(engine().publish(trigger(), 1)).resolves.toBeUndefined();
    });

    it("hears of all triggers that fit a pattern, once for each that fits", async () => {
      const pubsub = engine();
      const workspaceId = crypto.randomUUID();
      const all = await listen(pubsub, trigger(":*", workspaceId), { pattern: true });
      const some = await listen(pubsub, trigger(":[ab]?", workspaceId), { pattern: true });
      const one = await listen(pubsub, trigger(":a1", workspaceId));
      for (const rest of ["a1", "b2", "c3", "a11"]) await pubsub.publish(trigger(`:${rest}`, workspaceId), rest);
      await until(() => expect(all.heard).toEqual(["a1", "b2", "c3", "a11"]));
      await until(() => expect([some.heard, one.heard]).toEqual([["a1", "b2"], ["a1"]]));
    });

    it("transforms the trigger of a subscription, and of nothing else", async () => {
      const triggerTransform = (name: string, options: unknown) => {
        const { path } = options as { path?: readonly string[] };
        return [name, ...(path ?? [])].join(":");
      };
      const pubsub = engine({ triggerTransform });
      const name = trigger();
      const { heard } = await listen(pubsub, name, { path: ["a", "b"] });
      await pubsub.publish(name, "untransformed");
      await pubsub.publish(`${name}:a:b`, "transformed");
      await until(() => expect(heard).toEqual(["transformed"]));
    });

    it("revives payloads", async () => {
      const reviver = (key: string, value: unknown) => (key === "at" ? new Date(String(value)) : value);
      const pubsub = engine({ reviver });
      const name = trigger();
      const { heard } = await listen(pubsub, name);
      await pubsub.publish(name, { at: new Date(5) });
      await until(() => expect(heard).toEqual([{ at: new Date(5) }]));
    });

    it("serializes and deserializes payloads in the application's way", async () => {
      const contexts: unknown[] = [];
      const pubsub = engine({
        serializer: (payload) => `<${String(payload)}>`,
        deserializer: (text, context) => {
          contexts.push(context);
          return String(text).slice(1, -1);
        },
      });
      const workspaceId = crypto.randomUUID();
      const [name, pattern] = [trigger(":a", workspaceId), trigger(":*", workspaceId)];
      const { heard } = await listen(pubsub, name);
      const byPattern = await listen(pubsub, pattern, { pattern: true });
      await pubsub.publish(name, "payload");
      await until(() => expect([heard, byPattern.heard]).toEqual([["payload"], ["payload"]]));
      expect(contexts).toHaveLength(2);
      expect(contexts).toContainEqual({ channel: name });
      expect(contexts).toContainEqual({ channel: name, pattern });
    });

    it("gives a text that cannot be read as it is", async () => {
      const pubsub = engine({ serializer: (payload) => `<${String(payload)}>` });
      const name = trigger();
      const { heard } = await listen(pubsub, name);
      await pubsub.publish(name, "payload");
      await until(() => expect(heard).toEqual(["<payload>"]));
    });

    describe("its iterator", () => {
      /** An iterator that has begun: what is published from now on is for it. */
      async function begun(pubsub: Engine, triggers: string | string[], options?: { pattern?: boolean }) {
        const iterator = pubsub.asyncIterator<unknown>(triggers, options);
        const first = iterator.next();
        // The engine subscribes once: whoever comes later is told when that is done.
        for (const name of [triggers].flat())
          pubsub.unsubscribe(await pubsub.subscribe(name, () => undefined, options));
        return { iterator, first };
      }

      it("gives what is published, whether somebody waits for it or not", async () => {
        const pubsub = engine();
        const names = [trigger(), trigger()];
        const { iterator, first } = await begun(pubsub, names);
        for (const payload of [1, 2, 3]) await pubsub.publish(names[payload % 2] ?? "", payload);
        const results = [await first, await iterator.next(), await iterator.next()];
        expect(results.map(({ value }) => value as unknown).sort()).toEqual([1, 2, 3]);
        expect(results.map(({ done }) => done)).toEqual([false, false, false]);
        await iterator.return?.();
      });

      it("takes patterns", async () => {
        const pubsub = engine();
        const workspaceId = crypto.randomUUID();
        const { iterator, first } = await begun(pubsub, trigger(":*", workspaceId), { pattern: true });
        await pubsub.publish(trigger(":a", workspaceId), "a");
        expect(await first).toEqual({ done: false, value: "a" });
        await iterator.return?.();
      });

      it("ends with return, for those who wait too", async () => {
        const pubsub = engine();
        const { iterator, first } = await begun(pubsub, trigger());
        expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
        expect(await first).toEqual({ done: true, value: undefined });
        expect(await iterator.next()).toEqual({ done: true, value: undefined });
      });

      it("ends with throw", async () => {
        const { iterator, first } = await begun(engine(), trigger());
        await expect(iterator.throw?.(new Error("Enough."))).rejects.toThrow("Enough.");
        expect(await first).toEqual({ done: true, value: undefined });
      });

      it("may end before it has begun", async () => {
        const iterator = engine().asyncIterator(trigger());
        expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
        expect(await iterator.next()).toEqual({ done: true, value: undefined });
      });
    });
  });
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
