import { describe, expect, test } from "bun:test";
import { HunterStatus } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { RosterBench } from "./roster-bench.ts";

const { STATUS_HEALTHY, STATUS_WARNING } = HunterStatus;
const gone = "disconnected a: its last stream ended";

describe("a hunter is connected", () => {
  test("by its registration, each time", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.register("a");
    expect(bench.takeEvents()).toEqual(["connected a", "connected a"]);
  });

  test("by a heartbeat or by packets, once", () => {
    const bench = new RosterBench();
    bench.roster.heartbeat("a", STATUS_HEALTHY, "");
    bench.received("a");
    bench.received("b");
    bench.roster.heartbeat("b", STATUS_WARNING, "");
    const expected = ["connected a", "connected b", "status-changed b: 0 to 1"];
    expect(bench.takeEvents()).toEqual(expected);
  });

  test("again by packets after it was gone, since then", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.received("a");
    bench.streamEnded("a");
    bench.nowMs += 9000;
    bench.received("a");
    expect(bench.takeEvents()).toEqual(["connected a", gone, "connected a"]);
    expect(bench.find("a")?.connectedAtMs).toBe(bench.nowMs);
  });
});

describe("a hunter is gone", () => {
  test("when its last call has ended, whichever that is", () => {
    const bench = new RosterBench();
    bench.register("a");
    const release = bench.roster.hold("a", "");
    bench.received("a", { streams: 2 });
    bench.received("a", { streams: 1 }, 1);
    bench.takeEvents();
    bench.streamEnded("a", 1);
    bench.streamEnded("a", 0, 1);
    release();
    expect(bench.takeEvents()).toEqual([]);
    bench.streamEnded("a", 0);
    expect(bench.takeEvents()).toEqual([gone]);
    expect(bench.find("a")?.connected).toBe(false);
  });

  test("when a whole stream came and went between two reports", () => {
    const bench = new RosterBench();
    bench.received("a", { streams: 0, streamsEnded: 1 });
    expect(bench.takeEvents()).toEqual(["connected a", gone]);
  });

  test("not while its stream is one that shards do not keep account of", () => {
    const bench = new RosterBench();
    bench.received("a", { streams: 0 });
    bench.received("a", { streams: 0 });
    expect(bench.takeEvents()).toEqual(["connected a"]);
  });

  test("with the shard that had its streams; those of other shards stay", () => {
    const bench = new RosterBench();
    bench.received("a", {}, 1);
    bench.received("b", {}, 1);
    bench.received("b", {}, 0);
    bench.received("c", {}, 0);
    bench.takeEvents();
    bench.roster.shardLost(1);
    const reason = "the ingest shard of its stream ended";
    expect(bench.takeEvents()).toEqual([`disconnected a: ${reason}`]);
    // A new thread in its place counts from zero.
    bench.received("a", { streams: 1 }, 1);
    bench.streamEnded("a", 0, 1);
    expect(bench.takeEvents()).toEqual(["connected a", gone]);
  });

  test("an end of which nobody knew the beginning makes no record", () => {
    const bench = new RosterBench();
    bench.streamEnded("a");
    expect(bench.roster.size).toBe(0);
    expect(bench.takeEvents()).toEqual([]);
  });
});

describe("changed counters", () => {
  test("are told once for all that came meanwhile", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.takeEvents();
    for (let beat = 0; beat < 5; beat++) bench.roster.heartbeat("a", STATUS_HEALTHY, "");
    for (let batch = 0; batch < 5; batch++) bench.received("a");
    expect(bench.takeEvents()).toEqual([]);
    bench.roster.tellChanges();
    bench.roster.tellChanges();
    expect(bench.takeEvents()).toEqual(["changed a"]);
  });

  test("are not told of again after what tells the whole state", () => {
    const bench = new RosterBench();
    bench.roster.heartbeat("a", STATUS_HEALTHY, "");
    bench.roster.heartbeat("a", STATUS_WARNING, "");
    bench.roster.tellChanges();
    expect(bench.takeEvents()).toEqual(["connected a", "status-changed a: 0 to 1"]);
  });

  test("are not told of a hunter that was forgotten", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.roster.heartbeat("a", STATUS_HEALTHY, "");
    bench.nowMs += 1_000_000;
    bench.roster.sweep();
    bench.takeEvents();
    bench.roster.tellChanges();
    expect(bench.takeEvents()).toEqual([]);
  });
});

test("a listener that was taken off hears nothing more", () => {
  const bench = new RosterBench();
  let heard = 0;
  const off = bench.roster.onEvent(() => heard++);
  bench.register("a");
  off();
  bench.register("b");
  expect(heard).toBe(1);
});
