import { describe, expect, test } from "bun:test";
import { MessageBudget, type MessageRoom } from "../../../src/grpc/message-budget.ts";
import { seeded } from "../../support/seeded.ts";

test("the budget serves in the order of asking, without loss over many random steps", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = seeded(seed);
    const total = 1000;
    const budget = new MessageBudget(total);
    const held: { bytes: number; room: MessageRoom }[] = [];
    let waiting: { bytes: number; room: MessageRoom; ready: () => void }[] = [];
    for (let step = 0; step < 300; step++) {
      const what = random.between(0, 9);
      if (what < 5) {
        const bytes = random.between(1, total);
        const room = budget.of(step);
        const waiter = { bytes, room, ready: () => {} };
        waiter.ready = () => {
          expect(waiting[0]).toBe(waiter);
          waiting.shift();
          held.push({ bytes, room });
        };
        if (room.reserve(bytes, waiter.ready)) held.push({ bytes, room });
        else waiting.push(waiter);
      } else if (what < 9 && held.length > 0) {
        const [gone] = held.splice(random.between(0, held.length - 1), 1);
        gone?.room.release(gone.bytes);
      } else if (waiting.length > 0) {
        const gone = waiting[random.between(0, waiting.length - 1)];
        waiting = waiting.filter((waiter) => waiter !== gone);
        gone?.room.forget(gone.ready);
      }
      const used = held.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(used).toBeLessThanOrEqual(total);
      if (waiting[0] !== undefined) expect(used + waiting[0].bytes).toBeGreaterThan(total);
    }
  }
});

describe("of the budget, one client", () => {
  test("has half, or one message, and the rest stays for others", () => {
    const budget = new MessageBudget(100);
    const [greedy, modest] = [budget.of(1), budget.of(2)];
    expect(greedy.reserve(80, () => {})).toBe(true);
    expect(greedy.reserve(10, () => {})).toBe(false);
    expect(modest.reserve(10, () => {})).toBe(true);
    expect(modest.reserve(10, () => {})).toBe(true);
    expect([greedy.othersWait(), modest.othersWait()]).toEqual([false, true]);
  });

  test("with many messages is served in turn with another that comes later", () => {
    const budget = new MessageBudget(100);
    const [greedy, modest] = [budget.of(1), budget.of(2)];
    const served: string[] = [];
    expect(greedy.reserve(100, () => {})).toBe(true);
    for (let asked = 0; asked < 3; asked++) {
      expect(greedy.reserve(100, () => served.push("greedy"))).toBe(false);
    }
    expect(modest.reserve(60, () => served.push("modest"))).toBe(false);
    expect(greedy.othersWait()).toBe(true);
    greedy.release(100);
    greedy.release(100);
    expect(served).toEqual(["greedy", "modest"]);
    modest.release(60);
    expect(served).toEqual(["greedy", "modest", "greedy"]);
  });
});
