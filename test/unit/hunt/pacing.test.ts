import { expect, test } from "bun:test";
import { nextFlow, openFlow } from "../../../src/hunt/flow.ts";
import { Pacer, RateMeter } from "../../../src/hunt/pacer.ts";
import { FlowControl } from "../../../src/wire/gen/lippycat/data/data_pb.ts";

class HandClock {
  nowMs = 1000;
  monotonicMs(): number {
    return this.nowMs;
  }
}

test("packets are spread over the second, and a late timer is made up for", () => {
  const clock = new HandClock();
  const pacer = new Pacer(100, clock);
  expect(pacer.delayMs()).toBe(0);
  pacer.spend(1);
  expect(pacer.delayMs()).toBeCloseTo(10);
  clock.nowMs += 35;
  let burst = 0;
  for (; pacer.delayMs() === 0; burst += 1) pacer.spend(1);
  expect(burst).toBe(3);
  expect(pacer.delayMs()).toBeCloseTo(5);
});

test("what was missed while blocked is not made up for", () => {
  const clock = new HandClock();
  const pacer = new Pacer(100, clock);
  clock.nowMs += 60_000;
  let burst = 0;
  for (; pacer.delayMs() === 0; burst += 1) pacer.spend(1);
  expect(burst).toBeLessThanOrEqual(6);
});

test("the meter tells packets a second", () => {
  const clock = new HandClock();
  const meter = new RateMeter(clock);
  for (let tick = 0; tick < 25; tick += 1) {
    clock.nowMs += 100;
    meter.add(50);
  }
  expect(meter.perSecond()).toBeGreaterThan(450);
  expect(meter.perSecond()).toBeLessThanOrEqual(600);
  clock.nowMs += 10_000;
  meter.perSecond();
  clock.nowMs += 1000;
  expect(meter.perSecond()).toBe(0);
});

test("flow control: what each signal does in each state", () => {
  const clock = new HandClock();
  const { FLOW_CONTINUE, FLOW_SLOW, FLOW_PAUSE, FLOW_RESUME } = FlowControl;
  const after = (...signals: FlowControl[]): string => {
    let flow = openFlow;
    for (const signal of signals) flow = nextFlow(flow, signal, 1000, clock);
    return flow.kind;
  };
  expect(after(FLOW_CONTINUE)).toBe("open");
  expect(after(FLOW_SLOW)).toBe("slow");
  expect(after(FLOW_SLOW, FLOW_CONTINUE)).toBe("open");
  expect(after(FLOW_SLOW, FLOW_RESUME)).toBe("open");
  expect(after(FLOW_SLOW, FLOW_PAUSE)).toBe("paused");
  expect(after(FLOW_PAUSE, FLOW_CONTINUE)).toBe("paused");
  expect(after(FLOW_PAUSE, FLOW_SLOW)).toBe("paused");
  expect(after(FLOW_PAUSE, FLOW_RESUME)).toBe("open");
  expect(after(FLOW_SLOW, 99 as FlowControl)).toBe("slow");
});

test("SLOW halves the rate measured when it came, once", () => {
  const clock = new HandClock();
  const slow = nextFlow(openFlow, FlowControl.FLOW_SLOW, 1000, clock);
  expect(slow.kind === "slow" && slow.pacer.packetsPerSecond).toBe(500);
  expect(nextFlow(slow, FlowControl.FLOW_SLOW, 500, clock)).toBe(slow);
});
