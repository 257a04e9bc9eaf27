import { afterAll, afterEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { systemClock } from "../../../src/base/clock.ts";
import { limits } from "../../../src/config/limits.ts";
import { FlowControl } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { HunterStatus } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { until } from "../../support/record-in-process.ts";
import {
  interfaceBlock,
  numberedPcap,
  option,
  packetBlock,
  pcapHeader,
  section,
} from "./capture-files.ts";
import { FakeProcessor } from "./fake-processor.ts";
import { captureFile, removeCaptureFiles, startHunt } from "./hunt-harness.ts";

let processor = new FakeProcessor();
afterAll(removeCaptureFiles);
afterEach(() => {
  processor.kill();
  processor = new FakeProcessor();
});

const host = "127.0.0.1";
const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

test("a file is registered, sent in batches, acknowledged and half-closed: exit 0", async () => {
  const port = await processor.start();
  const hunt = startHunt({ read: captureFile(numberedPcap(95)), processor: { host, port } });
  expect(await hunt.exitCode).toBe(0);
  expect(processor.numbers).toEqual(upTo(95));
  expect(processor.sequences).toEqual(upTo(10).map((number) => number + 1));
  expect(processor.received.every(({ batch }) => batch.hunterId === "h1")).toBe(true);
  expect(processor.halfClosed).toBe(1);
  expect(processor.registrations).toHaveLength(1);
  expect(processor.registrations[0]?.hunterId).toBe("h1");
  expect(processor.registrations[0]?.version).toBe("test");
  expect(hunt.lines.at(-1)).toContain("95 packets (0.0 MB) read, 95 acknowledged");
});

test("a pcapng keeps its interfaces and link types", async () => {
  const port = await processor.start();
  const named = (name: string): Buffer[] => [option(2, Buffer.from(name))];
  const data = Buffer.from("abcd");
  const file = Buffer.concat([
    section(),
    interfaceBlock(1, named("eth0")),
    interfaceBlock(113, named("any")),
    packetBlock({ ticks: 5n, data, index: 1, originalLength: 70 }),
    packetBlock({ ticks: 6n, data }),
  ]);
  const hunt = startHunt({ read: captureFile(file), processor: { host, port } });
  expect(await hunt.exitCode).toBe(0);
  const packets = processor.received.flatMap(({ batch }) => batch.packets);
  const seen = packets.map((packet) => [
    packet.interfaceName,
    packet.interfaceIndex,
    packet.linkType,
    packet.timestampNs,
    packet.originalLength,
  ]);
  expect(seen).toEqual([
    ["any", 1, 113, 5000n, 70],
    ["eth0", 0, 1, 6000n, 4],
  ]);
});

test("a file is sent again as often as asked, with new sequence numbers", async () => {
  const port = await processor.start();
  const read = captureFile(numberedPcap(4));
  const hunt = startHunt({ read, processor: { host, port }, loopCount: 3, batchPackets: 3 });
  expect(await hunt.exitCode).toBe(0);
  expect(processor.numbers).toEqual([...upTo(4), ...upTo(4), ...upTo(4)]);
  expect(processor.sequences).toEqual([1, 2, 3, 4, 5, 6]);
});

test("heartbeats carry the counters, and a warning above 80 % of the buffer", async () => {
  const port = await processor.start();
  processor.onBatch = () => {};
  // 40 MB: more than the hunter keeps.
  const read = captureFile(numberedPcap(400, 100_000));
  const hunt = startHunt({ read, processor: { host, port } });
  const last = (): (typeof processor.heartbeats)[number] | undefined => processor.heartbeats.at(-1);
  await processor.until(() => last()?.status === HunterStatus.STATUS_WARNING);
  expect(Number(last()?.stats?.bufferBytes)).toBeGreaterThan(0.8 * 32 * 1024 * 1024);
  expect(Number(last()?.stats?.bufferBytes)).toBeLessThanOrEqual(32 * 1024 * 1024);
  expect(Number(last()?.stats?.packetsCaptured)).toBeLessThan(340);
  processor.onBatch = (batch) => processor.ack(batch);
  for (const { batch } of processor.received) processor.ack(batch);
  expect(await hunt.exitCode).toBe(0);
  expect(processor.numbers).toEqual(upTo(400));
});

test("PAUSE stops the sending, CONTINUE does not end it, RESUME does", async () => {
  const port = await processor.start();
  let paused = false;
  processor.onBatch = (batch) => {
    if (batch.sequence === 3n) paused = true;
    processor.ack(batch, paused ? FlowControl.FLOW_PAUSE : FlowControl.FLOW_CONTINUE);
  };
  const read = captureFile(numberedPcap(400));
  // One batch at a time, so that few are under way when the signal comes, also on a busy machine.
  const hunt = startHunt({ read, processor: { host, port }, ratePackets: 500 });
  await hunt.logged("the node paused this hunter");
  const beats = async (count: number) => {
    const { length } = processor.heartbeats;
    await processor.until(() => processor.heartbeats.length > length + count);
  };
  await beats(2);
  const { sequences } = processor;
  expect(processor.numbers.length).toBeLessThan(400);
  processor.signal(FlowControl.FLOW_CONTINUE);
  processor.signal(FlowControl.FLOW_SLOW);
  await beats(5);
  expect(processor.sequences).toEqual(sequences);
  paused = false;
  processor.signal(FlowControl.FLOW_RESUME);
  expect(await hunt.exitCode).toBe(0);
  expect(processor.numbers).toEqual(upTo(400));
});

test("an unprompted signal acknowledges nothing", async () => {
  const port = await processor.start();
  processor.onBatch = () => processor.signal(FlowControl.FLOW_CONTINUE);
  const hunt = startHunt({ read: captureFile(numberedPcap(20)), processor: { host, port } });
  await processor.until(() => processor.received.length === 2);
  const { length } = processor.heartbeats;
  await processor.until(() => processor.heartbeats.length > length + 3);
  expect(processor.halfClosed).toBe(0);
  for (const { batch } of processor.received) processor.ack(batch);
  expect(await hunt.exitCode).toBe(0);
});

test("a processor that dies and comes back gets what it did not acknowledge, and only that", async () => {
  const port = await processor.start();
  const first = processor;
  first.onBatch = (batch) => {
    if (batch.sequence <= 30n) first.ack(batch);
  };
  const read = captureFile(numberedPcap(1000));
  const hunt = startHunt({ read, processor: { host, port } });
  // The hunter has taken all 30 when it sent what comes after them.
  await first.until(() => first.received.length >= 100);
  await first.until(() => Number(first.heartbeats.at(-1)?.stats?.packetsForwarded) === 300);
  first.kill();
  await hunt.logged("cannot reach 127.0.0.1");
  processor = new FakeProcessor();
  await processor.start(port);
  expect(await hunt.exitCode).toBe(0);
  expect(processor.sequences).toEqual(upTo(70).map((number) => number + 31));
  expect(processor.registrations).toHaveLength(1);
  expect([...first.numbers.slice(0, 300), ...processor.numbers]).toEqual(upTo(1000));
  expect(hunt.lines.filter((line) => line.includes("cannot reach"))).toHaveLength(1);
  expect(hunt.lines.filter((line) => line.includes("connection refused"))).toHaveLength(1);
});

test("streams that end again and again lose nothing and keep the order", async () => {
  const port = await processor.start();
  let count = 0;
  processor.onBatch = (batch) => {
    count += 1;
    if (count % 7 === 0) processor.endStream(status.UNAVAILABLE, "restarting");
    else processor.ack(batch);
  };
  const hunt = startHunt({ read: captureFile(numberedPcap(300)), processor: { host, port } });
  expect(await hunt.exitCode).toBe(0);
  const acked = [...new Set(processor.acked)];
  expect(acked).toEqual(upTo(30).map((number) => BigInt(number + 1)));
  expect(processor.registrations.length).toBe(processor.streams);
});

test("a batch refused twice is set aside and named, the others arrive: exit 65", async () => {
  const port = await processor.start();
  processor.onBatch = (batch) => {
    if (batch.sequence === 5n) processor.endStream(status.INVALID_ARGUMENT, "cannot be decoded");
    else processor.ack(batch);
  };
  const hunt = startHunt({ read: captureFile(numberedPcap(100)), processor: { host, port } });
  expect(await hunt.exitCode).toBe(65);
  const others = [1n, 2n, 3n, 4n, 6n, 7n, 8n, 9n, 10n];
  expect([...new Set(processor.acked)]).toEqual(others);
  const named = hunt.lines.filter((line) => line.includes("was rejected twice"));
  expect(named).toHaveLength(1);
  expect(named[0]).toContain("batch 5 was rejected twice");
  expect(named[0]).toContain("cannot be decoded");
  expect(hunt.lines.at(-1)).toContain("90 acknowledged, 10 set aside");
});

test("a refusal while earlier batches wait for their acks sets only the guilty one aside", async () => {
  const port = await processor.start();
  const held: (() => void)[] = [];
  processor.onBatch = (batch) => {
    // On the first stream nothing is acknowledged before the refusal.
    if (batch.sequence === 4n) {
      processor.endStream(status.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs. 8)");
    } else if (processor.streams === 1) held.push(() => processor.ack(batch));
    else processor.ack(batch);
  };
  const hunt = startHunt({ read: captureFile(numberedPcap(60)), processor: { host, port } });
  expect(await hunt.exitCode).toBe(65);
  expect(new Set(processor.acked)).toEqual(new Set([1n, 2n, 3n, 5n, 6n]));
  const named = hunt.lines.filter((line) => line.includes("was rejected twice"));
  expect(named).toHaveLength(1);
  expect(named[0]).toContain("batch 4");
});

test("RESOURCE_EXHAUSTED for lack of room is no refusal of a batch", async () => {
  const port = await processor.start();
  let ends = 0;
  processor.onBatch = (batch) => {
    if (ends < 4 && batch.sequence === 2n) {
      ends += 1;
      processor.endStream(status.RESOURCE_EXHAUSTED, "too many streams");
    } else processor.ack(batch);
  };
  const hunt = startHunt({ read: captureFile(numberedPcap(30)), processor: { host, port } });
  expect(await hunt.exitCode).toBe(0);
  expect(new Set(processor.acked)).toEqual(new Set([1n, 2n, 3n]));
});

test("an ack with an error is shown and counted", async () => {
  const port = await processor.start();
  processor.onBatch = (batch) =>
    processor.ack(batch, FlowControl.FLOW_CONTINUE, "2 of 10 packets rejected");
  const hunt = startHunt({ read: captureFile(numberedPcap(20)), processor: { host, port } });
  expect(await hunt.exitCode).toBe(0);
  expect(hunt.lines.join("\n")).toContain(
    "the node acknowledged batch 1 with an error: 2 of 10 packets rejected",
  );
  expect(hunt.lines.at(-1)).toContain("errors=2");
});

test("a refused registration is tried again, and told once", async () => {
  const port = await processor.start();
  processor.refusal = { code: status.RESOURCE_EXHAUSTED, details: "2 hunters at most" };
  const hunt = startHunt({ read: captureFile(numberedPcap(20)), processor: { host, port } });
  await processor.until(() => processor.registrations.length === 4);
  processor.refusal = undefined;
  expect(await hunt.exitCode).toBe(0);
  expect(processor.numbers).toEqual(upTo(20));
  const told = hunt.lines.filter((line) => line.includes("refuses the registration"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("RESOURCE_EXHAUSTED: 2 hunters at most");
});

test("SIGTERM: sent batches are waited for, then exit 0", async () => {
  const port = await processor.start();
  const read = captureFile(numberedPcap(1000));
  const hunt = startHunt({ read, processor: { host, port }, ratePackets: 500, batchPackets: 5 });
  await processor.until(() => processor.received.length >= 3);
  hunt.signal("SIGTERM");
  expect(await hunt.exitCode).toBe(0);
  const { length } = processor.numbers;
  expect(length).toBeLessThan(1000);
  expect(processor.numbers).toEqual(upTo(length));
  expect(hunt.lines.at(-1)).toContain(`${length} packets`);
  await processor.until(() => processor.heartbeats.at(-1)?.status === HunterStatus.STATUS_STOPPING);
});

test("SIGTERM: a batch that is not full is sent and waited for on the same connection", async () => {
  const port = await processor.start();
  const read = captureFile(numberedPcap(1000));
  const batch = { batchPackets: 5000, batchTimeoutMs: 60_000 };
  const hunt = startHunt({ read, processor: { host, port }, ratePackets: 500, ...batch });
  const captured = (): number => Number(processor.heartbeats.at(-1)?.stats?.packetsCaptured ?? 0);
  await processor.until(() => captured() > 0);
  hunt.signal("SIGTERM");
  expect(hunt.lines.at(-1)).toContain("waiting for 1 acknowledgement");
  expect(await hunt.exitCode).toBe(0);
  expect(processor.sequences).toEqual([1]);
  expect(processor.registrations).toHaveLength(1);
});

test("SIGINT: what stays unacknowledged is told: exit 75; a second signal ends at once", async () => {
  const port = await processor.start();
  processor.onBatch = () => {};
  const read = captureFile(numberedPcap(30));
  const hunt = startHunt({ read, processor: { host, port } }, { stopMsMax: 100 });
  await processor.until(() => processor.received.length === 3);
  hunt.signal("SIGINT");
  hunt.signal("SIGINT");
  expect(hunt.exits).toEqual([130]);
  expect(await hunt.exitCode).toBe(75);
  expect(hunt.lines.at(-1)).toContain("30 packets not acknowledged");
});

test("a damaged file: what is before the damage arrives, then exit 65", async () => {
  const port = await processor.start();
  const read = captureFile(Buffer.concat([numberedPcap(25), Buffer.alloc(64, 0xff)]));
  const hunt = startHunt({ read, processor: { host, port } });
  expect(await hunt.exitCode).toBe(65);
  expect(processor.numbers).toEqual(upTo(25));
  expect(hunt.lines.filter((line) => line.includes("offset 2,024"))).toHaveLength(1);
});

test("a torn file: what is whole arrives, one warning, exit 65", async () => {
  const port = await processor.start();
  const whole = numberedPcap(25);
  const read = captureFile(whole.subarray(0, whole.length - 10));
  const hunt = startHunt({ read, processor: { host, port } });
  expect(await hunt.exitCode).toBe(65);
  expect(processor.numbers).toEqual(upTo(24));
  expect(hunt.lines.filter((line) => line.includes("in the middle of a record"))).toHaveLength(1);
});

test.each([
  ["pcap", pcapHeader()],
  ["pcapng", section()],
])(
  "a %s header alone holds no packets: exit 0; less than that is no capture: 65",
  async (_, header) => {
    const port = await processor.start();
    const empty = startHunt({ read: captureFile(header), processor: { host, port } });
    expect(await empty.exitCode).toBe(0);
    expect(empty.lines.filter((line) => line.includes("holds no packets"))).toHaveLength(1);
    expect(empty.lines.filter((line) => line.includes("damaged"))).toHaveLength(0);
    for (let length = 0; length < header.length; length += 1) {
      const read = captureFile(header.subarray(0, length));
      const hunt = startHunt({ read, processor: { host, port } });
      expect([length, await hunt.exitCode]).toEqual([length, 65]);
      const text = hunt.lines.join("\n");
      expect(text).toContain(length === 0 ? "the input is empty" : "too short for a capture");
      expect(text).not.toContain("holds no packets");
    }
  },
);

test("progress is the share that was read: also after a signal, and over all rounds", async () => {
  const port = await processor.start();
  const size = 1000;
  const read = captureFile(numberedPcap(2000, size));
  const texts: string[] = [];
  const terminal = { columns: 120, writableLength: 0, write: (text: string) => texts.push(text) };
  const percents = (): number[] =>
    texts.flatMap((text) => Number(/(\d+)% /.exec(text)?.[1] ?? "x")).filter(Number.isFinite);
  const common = { read, processor: { host, port }, progress: "bar" as const };
  const stopped = startHunt({ ...common, ratePackets: 500 }, { terminal });
  await processor.until(() => processor.received.length >= 3);
  processor.onBatch = () => {};
  await processor.until(() => processor.received.length >= 6);
  stopped.signal("SIGTERM");
  while (!texts.some((text) => text.includes("stopping"))) await Bun.sleep(5);
  for (const { batch } of processor.received) processor.ack(batch);
  await stopped.exitCode;
  expect(Math.max(...percents())).toBeLessThan(50);

  texts.length = 0;
  processor.onBatch = (batch) => processor.ack(batch);
  const twice = startHunt({ ...common, ratePackets: 8000, loopCount: 2 }, { terminal });
  expect(await twice.exitCode).toBe(0);
  expect(percents()).toEqual(percents().toSorted((a, b) => a - b));
});

test("a missing file is one line and exit 66, without a word to the processor", async () => {
  const port = await processor.start();
  const hunt = startHunt({ read: "/nonexistent/x.pcap", processor: { host, port } });
  expect(await hunt.exitCode).toBe(66);
  expect(hunt.lines).toHaveLength(1);
  expect(hunt.lines[0]).toContain("cannot read /nonexistent/x.pcap: no such file");
  expect(processor.registrations).toHaveLength(0);
});

test("an API key that is refused is not shown again for a minute, unless there is another", async () => {
  const port = await processor.start();
  processor.refusal = { code: status.UNAUTHENTICATED, details: "no" };
  const apiKeyFile = captureFile(Buffer.from("first-key"));
  let ms = 0;
  const clock = { ...systemClock, monotonicMs: () => ms, random: () => 0 };
  const read = captureFile(numberedPcap(1));
  const dial = { tls: undefined, apiKeyFile };
  const hunt = startHunt({ read, processor: { host, port }, dial }, { clock, reconnectMsMin: 1 });
  const looks = () => hunt.lines.filter((line) => line.includes("next attempt")).length;
  const lookMore = async () => {
    const before = looks();
    await until(() => looks() >= before + 3);
  };
  await lookMore();
  ms += limits.accessFailureWindowMs;
  await lookMore();
  expect(processor.registrations.length).toBe(1);
  ms += limits.huntRefusedKeyMs;
  await until(() => processor.registrations.length === 2);
  writeFileSync(apiKeyFile, "second-key");
  await until(() => processor.registrations.length === 3);
  processor.refusal = undefined;
  writeFileSync(apiKeyFile, "third-key");
  expect(await hunt.exitCode).toBe(0);
  expect(processor.registrations.length).toBe(4);
});
