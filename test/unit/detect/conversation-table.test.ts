import { expect, test } from "bun:test";
import { keyWordsMax } from "../../../src/detect/conversation-key.ts";
import { ConversationTable } from "../../../src/detect/conversation-table.ts";
import { Random } from "../../fuzz/fuzzer.ts";

const ipv4Udp = (17 << 8) | 4;
const ipv6Udp = (17 << 8) | 6;

function setKey(table: ConversationTable, number: number, protocol = ipv4Udp): void {
  table.key.fill(0);
  table.key[4] = protocol;
  table.key[protocol === ipv4Udp ? 6 : keyWordsMax - 1] = number;
}

function add(table: ConversationTable, number: number, label: number): void {
  setKey(table, number);
  table.labels[table.findOrAdd()] = label;
}

function labelOf(table: ConversationTable, number: number): number | undefined {
  setKey(table, number);
  const entry = table.find();
  return entry < 0 ? undefined : table.labels[entry];
}

test("what was added is found with its state, and nothing else is", () => {
  const table = new ConversationTable(100, 1);
  for (let number = 0; number < 100; number++) add(table, number, number % 14);
  for (let number = 0; number < 100; number++) expect(labelOf(table, number)).toBe(number % 14);
  expect(labelOf(table, 100)).toBeUndefined();
  expect([table.count, table.evictions]).toEqual([100, 0]);
});

test("keys that differ in any one word are two conversations", () => {
  const table = new ConversationTable(100, 1);
  for (let word = 0; word < keyWordsMax; word++) {
    if (word === 4) continue;
    setKey(table, 0, ipv6Udp);
    table.key[word] = 1;
    table.labels[table.findOrAdd()] = word + 1;
  }
  expect(table.count).toBe(keyWordsMax - 1);
  for (let word = 0; word < keyWordsMax; word++) {
    if (word === 4) continue;
    setKey(table, 0, ipv6Udp);
    table.key[word] = 1;
    expect(table.labels[table.find()]).toBe(word + 1);
  }
});

test("words behind an IPv4 key do not matter", () => {
  const table = new ConversationTable(10, 1);
  add(table, 5, 3);
  setKey(table, 5);
  table.key[12] = 99;
  expect(table.labels[table.find()]).toBe(3);
});

test("a full table forgets what was not used, and counts it", () => {
  const table = new ConversationTable(10, 1);
  for (let number = 0; number < 10; number++) add(table, number, 1);
  // Number 3 is in use all the time, the others are not.
  for (let number = 10; number < 60; number++) {
    expect(labelOf(table, 3)).toBe(1);
    add(table, number, 2);
  }
  expect(labelOf(table, 3)).toBe(1);
  expect(labelOf(table, 0)).toBeUndefined();
  expect([table.count, table.evictions]).toEqual([10, 50]);
});

test("the place of a forgotten conversation is blank for the next", () => {
  const table = new ConversationTable(1, 1);
  add(table, 1, 9);
  const serial = table.serials[0];
  setKey(table, 2);
  expect(table.findOrAdd()).toBe(0);
  expect([table.labels[0], table.probes[0], table.notes[0]]).toEqual([0, 0, 0]);
  expect(table.serials[0]).not.toBe(serial);
});

test("at random, no entry ever has another key's state", () => {
  const random = new Random(7);
  for (const capacity of [1, 2, 3, 17, 64, 500]) {
    const table = new ConversationTable(capacity, random.uint32());
    const labels = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      const number = random.below(capacity * 3);
      setKey(table, number);
      const isAdd = random.isChance(60);
      const entry = isAdd ? table.findOrAdd() : table.find();
      if (entry < 0) continue;
      const label = table.labels[entry] as number;
      // A blank entry was added anew: then, and only then, the label may differ.
      if (label !== 0) expect(label).toBe(labels.get(number) as number);
      table.labels[entry] = random.between(1, 255);
      labels.set(number, table.labels[entry] as number);
    }
    expect(table.count).toBeLessThanOrEqual(capacity);
  }
});
