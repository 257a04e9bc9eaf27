import { describe, expect, test } from "bun:test";
import type { Clock } from "../../../src/base/clock.ts";
import { limits } from "../../../src/config/limits.ts";
import { hunterStatus, Roster, type RosterHunter } from "../../../src/roster/roster.ts";

class Bench {
  nowMs = 1000;
  readonly roster: Roster;

  constructor(huntersMax = 10) {
    const clock: Clock = { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 };
    this.roster = new Roster(huntersMax, clock);
  }

  register(id: string): boolean {
    const remoteAddress = `10.0.0.1:${id.length}`;
    return this.roster.register({ id, hostname: "", interfaces: [], version: "1", remoteAddress });
  }

  find(id: string): RosterHunter | undefined {
    return [...this.roster.hunters()].find((hunter) => hunter.id === id);
  }
}

describe("the roster", () => {
  test("knows who registers, who sends heartbeats and who only streams", () => {
    const { roster } = new Bench();
    roster.heartbeat("beats", hunterStatus.warning, "10.0.0.2:1");
    roster.received("streams", 5, 500, "10.0.0.3:1");
    roster.received("streams", 5, 500, "10.0.0.3:1");
    expect(roster.size).toBe(2);
    const hunters = [...roster.hunters()];
    expect(hunters[0]).toMatchObject({ id: "beats", registered: false, status: 1 });
    expect(hunters[1]).toMatchObject({ id: "streams", packets: 10, bytes: 1000 });
  });

  test("counts registered hunters against its limit, the others not", () => {
    const bench = new Bench(2);
    for (let number = 0; number < 50; number++) bench.roster.received(`s${number}`, 1, 1, "x:1");
    expect([bench.register("a"), bench.register("b"), bench.register("c")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(bench.register("a")).toBe(true);
    expect(bench.register("s1")).toBe(false);
  });

  test("marks who is silent, takes the mark off again, and forgets in the end", () => {
    const bench = new Bench();
    bench.register("a");
    bench.nowMs += limits.hunterStaleMs;
    bench.roster.sweep();
    expect(bench.find("a")?.status).toBe(hunterStatus.healthy);
    bench.nowMs += 1;
    bench.roster.sweep();
    expect(bench.find("a")?.status).toBe(hunterStatus.error);
    bench.roster.received("a", 1, 1, "x:1");
    expect(bench.find("a")?.status).toBe(hunterStatus.healthy);
    bench.nowMs += limits.hunterForgetMs + 1;
    bench.roster.sweep();
    expect(bench.roster.size).toBe(0);
  });

  test("leaves a hunter the state that it reports of itself, but for silence", () => {
    const bench = new Bench();
    bench.roster.heartbeat("a", hunterStatus.error, "x:1");
    bench.roster.received("a", 1, 1, "x:1");
    expect(bench.find("a")?.status).toBe(hunterStatus.error);
    bench.roster.heartbeat("a", hunterStatus.warning, "x:1");
    bench.nowMs += limits.hunterStaleMs + 1;
    bench.roster.sweep();
    expect(bench.find("a")?.status).toBe(hunterStatus.error);
    bench.roster.received("a", 1, 1, "x:1");
    expect(bench.find("a")?.status).toBe(hunterStatus.warning);
  });

  test("has the address that a hunter was last seen at", () => {
    const bench = new Bench();
    bench.register("a");
    bench.roster.received("a", 1, 1, "10.7.7.7:7");
    expect(bench.find("a")?.remoteAddress).toBe("10.7.7.7:7");
    bench.roster.heartbeat("a", 0, "");
    expect(bench.find("a")?.remoteAddress).toBe("10.7.7.7:7");
  });

  test("is bounded, and made-up names do not keep a hunter from registering", () => {
    const bench = new Bench();
    for (let number = 0; number <= limits.rosterHuntersMax + 10; number++) {
      bench.roster.heartbeat(`made up ${number}`, 0, "x:1");
    }
    expect(bench.roster.size).toBe(limits.rosterHuntersMax);
    expect(bench.register("real")).toBe(true);
    expect(bench.roster.size).toBe(limits.rosterHuntersMax);
    expect(bench.find("real")?.registered).toBe(true);
  });
});
