import { expect, test, vi } from "vitest";
import { ChannelFeed } from "../../client/channel-feed.ts";
import type { ChannelListener } from "../../client/channel-sockets.ts";

/** A feed, with a handle to what its gateway says. */
function feed() {
  const begun: ChannelListener[] = [];
  const ended: number[] = [];
  const [onGap, onFailure] = [vi.fn(), vi.fn()];
  const subscribe = (listener: ChannelListener) => {
    const count = begun.push(listener);
    return () => ended.push(count);
  };
  const made = new ChannelFeed(subscribe, ({ payload }) => payload, onGap, onFailure);
  const listener = { next: vi.fn(), failed: vi.fn() };
  made.join(1, listener);
  const gateway = () => begun.at(-1) as ChannelListener;
  return { made, begun, ended, onGap, onFailure, listener, gateway };
}

const failure = (code: string) => Object.assign(new Error("It is over."), { code });

test("begins again after a deploy that no longer runs it, and tells of a gap once nothing more can be missed", () => {
  const { begun, onGap, onFailure, listener, gateway } = feed();
  gateway().live();
  gateway().failed(failure("OPERATION_OUTDATED"));
  expect([begun.length, onGap.mock.calls.length]).toEqual([2, 0]);
  gateway().live();
  expect(onGap).toHaveBeenCalledOnce();
  gateway().next({ channel: "notes", payload: 1 });
  expect(listener.next.mock.calls).toEqual([[1]]);
  expect([listener.failed, onFailure].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
});

test("tells of one gap where it is cut off while it begins again", () => {
  const { onGap, gateway } = feed();
  gateway().live();
  gateway().failed(failure("OPERATION_OUTDATED"));
  gateway().gap();
  gateway().live();
  expect(onGap).toHaveBeenCalledOnce();
});

test("ends for everybody with any other failure", async () => {
  const { made, begun, onGap, onFailure, listener, gateway } = feed();
  const error = failure("TOO_MANY_OPERATIONS");
  gateway().failed(error);
  await expect(made.live).rejects.toBe(error);
  expect([listener.failed.mock.calls, onFailure.mock.calls, onGap.mock.calls]).toEqual([[[error]], [[error]], []]);
  expect(begun).toHaveLength(1);
});

test("a gap before it has begun is none", async () => {
  const { made, onGap, gateway } = feed();
  gateway().gap();
  gateway().live();
  await made.live;
  expect(onGap).not.toHaveBeenCalled();
  gateway().gap();
  expect(onGap).toHaveBeenCalledOnce();
});

test("ends with the last who listens", () => {
  const { made, ended, listener } = feed();
  made.join(2, listener);
  expect([made.leave(1), ended.length]).toEqual([true, 0]);
  expect([made.leave(2), ended.length]).toEqual([false, 1]);
});
