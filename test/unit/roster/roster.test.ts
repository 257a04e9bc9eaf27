import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import type { HunterCounters } from "../../../src/roster/hunter.ts";
import { HunterStatus } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { RosterBench } from "./roster-bench.ts";

const { STATUS_HEALTHY, STATUS_WARNING, STATUS_ERROR } = HunterStatus;

const counters: HunterCounters = {
  packetsCaptured: 9n,
  packetsMatched: 8n,
  packetsForwarded: 7n,
  packetsDropped: 6n,
  bufferBytes: 5n,
  activeFilters: 4,
  cpuPercent: 3,
  memoryRssBytes: 2n,
  memoryLimitBytes: 1n,
};

describe("the roster", () => {
  test("knows who registers, who sends heartbeats and who only streams", () => {
    const bench = new RosterBench();
    bench.roster.heartbeat("beats", STATUS_WARNING, "10.0.0.2:1", counters);
    bench.received("streams", { packets: 5, bytes: 500 });
    bench.received("streams", { packets: 5, bytes: 500 });
    expect(bench.roster.size).toBe(2);
    expect(bench.find("beats")).toMatchObject({
      registered: false,
      connected: true,
      status: STATUS_WARNING,
      remoteAddress: "10.0.0.2:1",
      counters,
    });
    expect(bench.find("streams")).toMatchObject({
      registered: false,
      packets: 10,
      bytes: 1000,
      remoteAddress: "10.0.0.3:1",
    });
  });

  test("keeps what a hunter can do, and answers it by id", () => {
    const bench = new RosterBench();
    const filterTypes = ["bpf", "sip_user"];
    const capabilities = { filterTypes, maxBufferSize: 1n, gpuAcceleration: true, afXdp: false };
    bench.register("a", { capabilities });
    bench.register("b");
    expect(bench.find("a")?.capabilities).toEqual(capabilities);
    expect(bench.roster.capabilitiesOf("a")).toEqual(filterTypes);
    expect(bench.roster.capabilitiesOf("b")).toBeUndefined();
    expect(bench.roster.capabilitiesOf("nobody")).toBeUndefined();
  });

  test("counts registered hunters against its limit, the others not", () => {
    const bench = new RosterBench(2);
    for (let number = 0; number < 50; number++) bench.received(`s${number}`);
    expect(["a", "b", "c"].map((id) => bench.register(id))).toEqual([true, true, false]);
    expect(bench.register("a")).toBe(true);
    expect(bench.register("s1")).toBe(false);
    expect(bench.find("c")).toBeUndefined();
  });

  test("that registers nobody still knows who streams", () => {
    const bench = new RosterBench(0);
    expect(bench.register("a")).toBe(false);
    bench.received("a");
    expect(bench.roster.size).toBe(1);
  });

  test("begins the record of who registers again anew, but for what was received", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.received("a", { packets: 3 });
    bench.roster.heartbeat("a", STATUS_WARNING, "", counters);
    bench.nowMs += 5000;
    bench.register("a", { version: "2" });
    expect(bench.find("a")).toMatchObject({
      version: "2",
      status: STATUS_HEALTHY,
      counters: undefined,
      connectedAtMs: bench.nowMs,
      packets: 3,
    });
  });

  test("has totals by state that are those of the moment", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.roster.heartbeat("b", STATUS_WARNING, "", counters);
    bench.roster.heartbeat("c", HunterStatus.STATUS_STOPPING, "", counters);
    expect(bench.roster.totals()).toEqual({
      hunters: 3,
      healthy: 1,
      warning: 1,
      error: 0,
      activeFilters: 8,
    });
    bench.nowMs += limits.hunterStaleMs + 1;
    bench.roster.sweep();
    expect(bench.roster.totals()).toMatchObject({ hunters: 3, healthy: 0, warning: 0, error: 3 });
  });

  test("goes by our clock", () => {
    const bench = new RosterBench();
    bench.received("a");
    expect(bench.find("a")?.lastSeenWallMs).toBe(1_700_000_000_000 + bench.nowMs);
    bench.nowMs += 77;
    bench.roster.heartbeat("a", STATUS_HEALTHY, "");
    expect(bench.find("a")?.lastSeenWallMs).toBe(1_700_000_000_000 + bench.nowMs);
  });

  test("leaves a hunter the state that it reports of itself, but for silence", () => {
    const bench = new RosterBench();
    bench.roster.heartbeat("a", STATUS_ERROR, "x:1");
    bench.received("a");
    expect(bench.find("a")?.status).toBe(STATUS_ERROR);
    bench.roster.heartbeat("a", STATUS_WARNING, "x:1");
    bench.nowMs += limits.hunterStaleMs + 1;
    bench.roster.sweep();
    expect(bench.find("a")?.status).toBe(STATUS_ERROR);
    bench.received("a");
    expect(bench.find("a")?.status).toBe(STATUS_WARNING);
  });

  test("has the address that a hunter was last seen at", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.received("a", { peer: "10.7.7.7:7" });
    expect(bench.find("a")?.remoteAddress).toBe("10.7.7.7:7");
    // Another connection of the same hunter.
    bench.roster.heartbeat("a", STATUS_HEALTHY, "10.7.7.7:8");
    bench.roster.heartbeat("a", STATUS_HEALTHY, "");
    expect(bench.find("a")?.remoteAddress).toBe("10.7.7.7:7");
  });

  test("is bounded, and made-up names do not keep a hunter from registering", () => {
    const bench = new RosterBench();
    bench.received("streams");
    for (let number = 0; number <= limits.rosterHuntersMax + 10; number++) {
      bench.roster.heartbeat(`made up ${number}`, STATUS_HEALTHY, "x:1");
    }
    expect(bench.roster.size).toBe(limits.rosterHuntersMax);
    expect(bench.register("real")).toBe(true);
    expect(bench.roster.size).toBe(limits.rosterHuntersMax);
    expect(bench.find("real")?.registered).toBe(true);
    // The place was that of one without an open call.
    expect(bench.find("streams")?.connected).toBe(true);
    expect(bench.find("made up 0")).toBeUndefined();
  });
});

describe("silence", () => {
  test("marks a hunter after 30 s, and the next sign of life takes the mark off", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.nowMs += limits.hunterStaleMs;
    bench.roster.sweep();
    expect(bench.find("a")?.status).toBe(STATUS_HEALTHY);
    bench.takeEvents();
    bench.nowMs += 1;
    bench.roster.sweep();
    bench.roster.sweep();
    expect(bench.takeEvents()).toEqual(["status-changed a: 0 to 2"]);
    bench.received("a");
    expect(bench.takeEvents()).toEqual(["status-changed a: 2 to 0"]);
  });

  test("of five minutes forgets it at the next clean-up, of which there is one in 2 min", () => {
    const bench = new RosterBench();
    bench.nowMs += limits.hunterPurgeMs;
    bench.roster.sweep();
    bench.register("a");
    bench.nowMs += limits.hunterForgetMs;
    bench.roster.sweep();
    expect(bench.roster.size).toBe(1);
    bench.nowMs += limits.hunterPurgeMs - 1;
    bench.roster.sweep();
    expect(bench.roster.size).toBe(1);
    bench.takeEvents();
    bench.nowMs += 1;
    bench.roster.sweep();
    expect(bench.roster.size).toBe(0);
    expect(bench.takeEvents()).toEqual(["disconnected a: silent for 420 s"]);
  });

  test("never forgets a hunter with an open packet stream on any shard", () => {
    const bench = new RosterBench();
    bench.received("a", { streams: 1 }, 2);
    bench.nowMs += 100 * limits.hunterForgetMs;
    bench.roster.sweep();
    expect(bench.find("a")?.status).toBe(STATUS_ERROR);
    bench.streamEnded("a", 0, 2);
    bench.nowMs += limits.hunterPurgeMs;
    bench.roster.sweep();
    expect(bench.roster.size).toBe(0);
  });

  test("never forgets a hunter with another open call, and its end counts once", () => {
    const bench = new RosterBench();
    bench.register("a");
    const release = bench.roster.hold("a", "");
    const another = bench.roster.hold("a", "");
    bench.nowMs += limits.hunterForgetMs + limits.hunterPurgeMs;
    release();
    release();
    bench.roster.sweep();
    expect(bench.roster.size).toBe(1);
    another();
    bench.nowMs += limits.hunterPurgeMs;
    bench.roster.sweep();
    expect(bench.roster.size).toBe(0);
  });

  test("that made a hunter forgotten is over when it comes again, as a new one", () => {
    const bench = new RosterBench();
    bench.register("a");
    bench.nowMs += limits.hunterForgetMs + limits.hunterPurgeMs;
    bench.roster.sweep();
    bench.takeEvents();
    bench.received("a");
    expect(bench.takeEvents()).toEqual(["connected a"]);
    expect(bench.find("a")).toMatchObject({ registered: false, status: STATUS_HEALTHY });
  });
});
