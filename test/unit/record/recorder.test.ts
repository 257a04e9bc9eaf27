import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../../../src/config/limits.ts";
import { boardWord, recorderState } from "../../../src/pipeline/board.ts";
import { readCapture } from "../../support/read-capture.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const directory = temporaryDirectory("recorder");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bytes = (length: number, value: number): Buffer => Buffer.alloc(length, value);

test("packets of several shards stand in one pcapng under their interfaces", async () => {
  const path = join(directory, "shards.pcapng");
  const node = await recordInProcess(recorderConfig(path), { shards: 2 });
  const [one, two] = node.fillers;
  one?.announce(0, "hunter-a", "eth0", 1);
  two?.announce(0, "hunter-b", "wlan0", 127);
  two?.announce(1, "hunter-a", "eth0", 1);
  one?.packet({ interface: 0, time: 1_700_000_000_123_456_789n, bytes: bytes(60, 1) });
  two?.packet({ interface: 0, time: 5n, bytes: bytes(61, 2), originalLength: 1500 });
  two?.packet({ interface: 1, time: 6n, bytes: bytes(0, 3) });
  await node.settle();
  one?.statistics(0, 100, 7);
  const summary = await node.finish();
  expect(summary).toMatchObject({ packetsWritten: 3, packetsUnwritten: 0, path });
  const file = readCapture(path);
  expect(file.interfaces).toBe(2);
  expect(file.application).toBe("Weir test");
  const sorted = file.packets.toSorted((a, b) => a.bytes.length - b.bytes.length);
  expect(sorted.map((packet) => `${packet.hunter}/${packet.interface}/${packet.linkType}`)).toEqual(
    ["hunter-a/eth0/1", "hunter-a/eth0/1", "hunter-b/wlan0/127"],
  );
  expect(sorted[1]?.time).toBe(1_700_000_000_123_456_789n);
  expect(sorted[2]?.originalLength).toBe(1500);
  expect(sorted[2]?.bytes).toEqual(bytes(61, 2));
  expect(file.statistics).toEqual([
    { hunter: "hunter-a", interface: "eth0", received: 100n, dropped: 7n },
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(Atomics.load(node.board.words, boardWord.recorderState)).toBe(recorderState.closed);
});

test("a shard that begins anew gives its numbers to other interfaces", async () => {
  const path = join(directory, "reset.pcapng");
  const node = await recordInProcess(recorderConfig(path, { ack: "synced" }));
  const [shard] = node.fillers;
  shard?.announce(0, "a", "eth0", 1);
  shard?.packet({ interface: 0, time: 1n, bytes: bytes(10, 1) });
  shard?.reset();
  shard?.announce(0, "b", "eth1", 1);
  shard?.packet({ interface: 0, time: 2n, bytes: bytes(10, 2) });
  await node.finish();
  const { packets } = readCapture(path);
  expect(packets.map(({ hunter, interface: name }) => `${hunter}/${name}`)).toEqual([
    "a/eth0",
    "b/eth1",
  ]);
});

test("classic pcap puts each link type in its own file", async () => {
  const path = join(directory, "links.pcap");
  const node = await recordInProcess(recorderConfig(path));
  const [shard] = node.fillers;
  shard?.announce(0, "a", "eth0", 1);
  shard?.announce(1, "a", "any", 113);
  shard?.announce(2, "a", "odd", 4242);
  for (let round = 0; round < 5; round++) {
    for (const number of [0, 1, 2]) {
      shard?.packet({ interface: number, time: BigInt(round), bytes: bytes(20, number) });
    }
  }
  const summary = await node.finish();
  expect(summary.packetsWritten).toBe(15);
  const names = ["links.pcap", "links.linux-sll.pcap", "links.linktype-4242.pcap"];
  const files = names.map((name) => readCapture(join(directory, name)));
  expect(files.map(({ packets }) => packets.length)).toEqual([5, 5, 5]);
  expect(files.map(({ packets }) => packets[0]?.linkType)).toEqual([1, 113, 4242]);
  expect(files.map(({ packets }) => packets[4]?.bytes[0])).toEqual([0, 1, 2]);
});

test("a capture of no packets opens all the same", async () => {
  for (const name of ["empty.pcapng", "empty.pcap"]) {
    const path = join(directory, name);
    const node = await recordInProcess(recorderConfig(path));
    await node.finish();
    expect(readCapture(path).packets).toEqual([]);
  }
});

test("what is there is continued", async () => {
  for (const name of ["again.pcapng", "again.pcap"]) {
    const path = join(directory, name);
    for (let run = 1; run <= 3; run++) {
      const node = await recordInProcess(recorderConfig(path));
      node.fillers[0]?.announce(0, `run-${run}`, "eth0", 1);
      node.fillers[0]?.packet({ interface: 0, time: BigInt(run), bytes: bytes(4, run) });
      await node.finish();
    }
    const { packets } = readCapture(path);
    expect(packets.map(({ time }) => time)).toEqual([1n, 2n, 3n]);
  }
});

test("more than the ring holds goes through it", async () => {
  const path = join(directory, "long.pcapng");
  const node = await recordInProcess(recorderConfig(path), { ringBytes: 64 * 1024 });
  const [shard] = node.fillers;
  shard?.announce(0, "a", "eth0", 1);
  const count = 5000;
  for (let index = 0; index < count; index++) {
    const packet = { interface: 0, time: BigInt(index), bytes: bytes((index * 7) % 1400, index) };
    while (shard?.packet(packet) === false) await node.settle();
    if (index % 20 === 0) shard?.publish();
  }
  const summary = await node.finish();
  expect(summary.packetsWritten).toBe(count);
  const { packets } = readCapture(path);
  expect(packets.map(({ time }) => Number(time))).toEqual(
    Array.from({ length: count }, (_, i) => i),
  );
  expect(packets.every(({ bytes: data }, index) => data.length === (index * 7) % 1400)).toBe(true);
});

test("more interfaces than a section may have go to a new section", async () => {
  const path = join(directory, "sections.pcapng");
  const node = await recordInProcess(recorderConfig(path), { ringBytes: 16 * 1024 * 1024 });
  const [shard] = node.fillers;
  const count = limits.interfacesMax + 10;
  for (let number = 0; number < count; number++) {
    const lay = (): boolean => shard?.announce(number, `hunter-${number}`, "eth0", 1) ?? true;
    while (!lay()) await node.settle();
    const packet = { interface: number, time: BigInt(number), bytes: bytes(4, number) };
    while (shard?.packet(packet) === false) await node.settle();
  }
  shard?.packet({ interface: 3, time: BigInt(count), bytes: bytes(4, 3) });
  await node.finish();
  const file = readCapture(path);
  expect(file.sections).toBe(2);
  expect(file.packets.length).toBe(count + 1);
  expect(
    file.packets.every(({ hunter, time }, at) => {
      return at === count ? hunter === "hunter-3" : hunter === `hunter-${time}`;
    }),
  ).toBe(true);
});

test("the side file is hidden and stays", () => {
  expect(existsSync(join(directory, ".shards.pcapng.weir"))).toBe(true);
  expect(readdirSync(directory).some((name) => name.includes("tmp"))).toBe(false);
});
