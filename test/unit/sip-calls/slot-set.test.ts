import { describe, expect, test } from "bun:test";
import { SlotSet } from "../../../src/sip-calls/slot-set.ts";

function takeAll(set: SlotSet): number[] {
  const taken: number[] = [];
  for (let slot = set.take(); slot >= 0; slot = set.take()) taken.push(slot);
  return taken;
}

describe("a set of slots", () => {
  test("gives each once, up to the last", () => {
    const set = new SlotSet(100);
    for (const slot of [0, 31, 32, 63, 64, 99, 31]) set.add(slot);
    expect(takeAll(set)).toEqual([0, 31, 32, 63, 64, 99]);
    expect(set.take()).toBe(-1);
    expect(new SlotSet(1).take()).toBe(-1);
  });

  test("takes another in and leaves it as it is", () => {
    const set = new SlotSet(64);
    const other = new SlotSet(64);
    set.add(3);
    for (const slot of [2, 3, 40]) other.add(slot);
    set.addAll(other);
    expect(takeAll(set)).toEqual([2, 3, 40]);
    set.add(5);
    set.clear();
    expect(takeAll(set)).toEqual([]);
    expect(takeAll(other)).toEqual([2, 3, 40]);
  });

  test("lets all have their turn while some are added again and again", () => {
    const set = new SlotSet(320);
    for (let slot = 0; slot < 320; slot++) set.add(slot);
    const seen = new Set<number>();
    for (let turn = 0; turn < 320; turn++) {
      seen.add(set.take());
      for (const slot of [0, 1, 100]) set.add(slot);
    }
    expect(seen.size).toBe(320);
  });
});
