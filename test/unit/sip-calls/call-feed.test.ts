import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { CallFeed, type CallSubscription } from "../../../src/sip-calls/call-feed.ts";
import { sighting } from "../../support/sip-sighting.ts";

class Bench {
  nowMs = 0;
  readonly feed: CallFeed;

  constructor(callsMax?: number) {
    this.feed = new CallFeed({
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 },
      ...(callsMax === undefined ? {} : { callsMax }),
    });
  }

  /** A message of the call of that name. */
  see(name: string, responseCode = 180): void {
    this.feed.take([sighting({ fromTag: name, toTag: "~", fromUser: name, responseCode })]);
  }

  after(ms: number): void {
    this.nowMs += ms;
    this.feed.tick();
  }

  subscribe(): CallSubscription {
    const subscription = this.feed.subscribe();
    if (subscription === undefined) throw new Error("no subscription");
    return subscription;
  }
}

/** Takes all that there is; the names of the calls, sorted. */
function drain(subscription: CallSubscription): string[] {
  const names: string[] = [];
  for (;;) {
    const call = subscription.next();
    if (call === undefined) return names.sort();
    names.push(call.fromUser);
  }
}

describe("a subscriber", () => {
  test("is told of every call at once, then of those that changed, once in a while", () => {
    const bench = new Bench();
    for (const name of ["x", "y", "z"]) bench.see(name);
    const subscription = bench.subscribe();
    expect(drain(subscription)).toEqual(["x", "y", "z"]);
    // What changed before it came is not told again.
    bench.after(limits.callUpdateMs);
    expect(drain(subscription)).toEqual([]);
    for (let message = 0; message < 10; message++) bench.see("y");
    bench.after(limits.callUpdateMs - 1);
    expect(drain(subscription)).toEqual([]);
    bench.see("w");
    bench.after(1);
    expect(drain(subscription)).toEqual(["w", "y"]);
    bench.after(limits.callUpdateMs);
    expect(drain(subscription)).toEqual([]);
  });

  test("is told of every call again every 30 s", () => {
    const bench = new Bench();
    for (const name of ["x", "y"]) bench.see(name);
    const subscription = bench.subscribe();
    drain(subscription);
    let told: string[] = [];
    while (told.length === 0) {
      bench.after(limits.callUpdateMs);
      told = drain(subscription);
    }
    expect(bench.nowMs).toBe(limits.callRefreshMs);
    expect(told).toEqual(["x", "y"]);
    bench.see("x");
    bench.after(limits.callUpdateMs);
    expect(drain(subscription)).toEqual(["x"]);
  });

  test("that is slow is told the last state of each call once, and holds up nobody", () => {
    const bench = new Bench();
    bench.see("x");
    const slow = bench.subscribe();
    const quick = bench.subscribe();
    expect(drain(quick)).toEqual(["x"]);
    for (const code of [183, 200, 486]) {
      bench.see("x", code);
      bench.see("y", code);
      bench.after(limits.callUpdateMs);
      expect(drain(quick)).toEqual(["x", "y"]);
    }
    expect(slow.next()).toMatchObject({ fromUser: "x", state: "ESTABLISHED" });
    expect(slow.next()).toMatchObject({ fromUser: "y" });
    expect(slow.next()).toBeUndefined();
  });

  test("that reads nothing holds no more calls than are known", () => {
    const bench = new Bench(10);
    const slow = bench.subscribe();
    for (let call = 0; call < 1000; call++) {
      bench.see(`n${call}`);
      bench.after(limits.callUpdateMs);
    }
    expect(drain(slow)).toEqual(Array.from({ length: 10 }, (_, index) => `n${990 + index}`));
  });

  test("is woken by a change, and by its end", async () => {
    const bench = new Bench();
    const subscription = bench.subscribe();
    const abort = new AbortController();
    const changed = subscription.more(abort.signal);
    bench.see("x");
    bench.after(limits.callUpdateMs);
    await changed;
    expect(drain(subscription)).toEqual(["x"]);
    const ended = subscription.more(abort.signal);
    abort.abort();
    await ended;
    await subscription.more(abort.signal);
  });
});

test("so many may subscribe, and a place is free again when one leaves", () => {
  const bench = new Bench();
  const all = Array.from({ length: limits.callSubscribersMax }, () => bench.subscribe());
  expect(bench.feed.subscribe()).toBeUndefined();
  all[3]?.close();
  all[3]?.close();
  expect(bench.feed.subscribe()).toBeDefined();
  expect(bench.feed.subscribe()).toBeUndefined();
});

test("calls of which nothing came for long go by themselves", () => {
  const bench = new Bench();
  bench.see("x");
  const slow = bench.subscribe();
  bench.after(limits.callForgetMs);
  expect(bench.feed.table.size).toBe(1);
  bench.after(limits.callPurgeMs);
  expect(bench.feed.table.size).toBe(0);
  expect(slow.next()).toBeUndefined();
});
