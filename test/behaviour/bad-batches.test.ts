/** docs/ingest.md, line by line: each odd input has its answer and its counter, and harms nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { type BatchToEncode, encodeBatch, type PacketToEncode } from "../support/encode-batch.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { framed, messagePrefix, type RawCall, RawConnection } from "../support/raw-connection.ts";
import { readCapture } from "../support/read-capture.ts";
import { seeded } from "../support/seeded.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  nextStats,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";
import { countByCapinfos, hasTshark } from "../support/wireshark.ts";

const mebibyte = 1024 * 1024;
const messageBytesMax = 2 * mebibyte;
const invalidArgument = 3;
const resourceExhausted = 8;
const unimplemented = 12;

const data = (size: number, byte = 0x41): Uint8Array => new Uint8Array(size).fill(byte);
const good = (count: number): PacketToEncode[] =>
  Array.from({ length: count }, () => ({ data: data(60) }));

/** Encodes `batch` with the ASCII `marker` in its text replaced by bytes that no string can hold. */
function encodeRaw(batch: BatchToEncode, marker: string, bytes: readonly number[]): Uint8Array {
  const encoded = Buffer.from(encodeBatch(batch));
  const at = encoded.indexOf(marker);
  encoded.set(bytes, at);
  return encoded;
}

/** A batch of exactly `length` bytes: an unknown field fills it up. */
function batchOfLength(length: number): Uint8Array {
  const batch = encodeBatch({ packets: good(1) });
  const filler = length - batch.length - 6;
  const head = Buffer.from([0x7a, 0, 0, 0, 0, 0]);
  for (let at = 1, rest = filler; at <= 5; at++, rest = Math.floor(rest / 128)) {
    head[at] = (rest & 0x7f) | (at < 5 ? 0x80 : 0);
  }
  return Buffer.concat([batch, head, Buffer.alloc(filler)]);
}

interface Ending {
  readonly send: (call: RawCall) => void;
  readonly code: number;
  readonly says: string;
  /** Messages counted as undecodable. */
  readonly undecodable: number;
}

const sends =
  (...bytes: number[]) =>
  (call: RawCall) =>
    call.write(framed(Buffer.from(bytes)));
const undecodable = { code: invalidArgument, undecodable: 1 } as const;
const cut = { code: invalidArgument, undecodable: 0 } as const;

/** Inputs that end their stream, after the acks that are due. */
const endings: Record<string, Ending> = {
  "a packet that runs past the end": {
    send: sends(0x22, 0x7f, 0x0a),
    says: "batch 3 of this stream cannot be decoded: a field runs past the end of its message",
    ...undecodable,
  },
  "a varint without end": {
    send: sends(0x10, ...Array.from({ length: 11 }, () => 0xff)),
    says: "batch 3 of this stream cannot be decoded: a varint is longer than 64 bits",
    ...undecodable,
  },
  "field number 0": {
    send: sends(0x02, 0x00),
    says: "batch 3 of this stream cannot be decoded: a field number or wire type is not valid",
    ...undecodable,
  },
  "a group that is not closed": {
    send: sends(0x7b, 0x08, 0x01),
    says: "batch 3 of this stream cannot be decoded: groups are unbalanced",
    ...undecodable,
  },
  "too many packets": {
    send: (call) => {
      const packets = Buffer.alloc(2 * (limits.batchPacketsMax + 1));
      for (let at = 0; at < packets.length; at += 2) packets[at] = 0x22;
      call.write(framed(packets));
    },
    says: `batch 3 of this stream cannot be decoded: more than ${limits.batchPacketsMax} packets`,
    ...undecodable,
  },
  "a hunter_id that is too long": {
    send: (call) => {
      const hunterId = "h".repeat(limits.hunterIdBytesMax + 1);
      call.write(framed(encodeBatch({ hunterId, packets: good(1) })));
    },
    says: "hunter_id is 1025 bytes long; the most is 1024",
    ...undecodable,
  },
  "a hunter_id that is not UTF-8": {
    send: (call) => {
      const batch = { hunterId: "h-XX", packets: good(1) };
      call.write(framed(encodeRaw(batch, "XX", [0xc3, 0x28])));
    },
    says: "hunter_id is not valid UTF-8",
    ...undecodable,
  },
  "a message one byte too long": {
    send: (call) => call.write(messagePrefix(messageBytesMax + 1)),
    code: resourceExhausted,
    says: "a message of 2097153 bytes is larger than 2097152 (--max-message-size)",
    undecodable: 0,
  },
  "a compressed message": {
    send: (call) => call.write(Buffer.concat([messagePrefix(4, 1), Buffer.alloc(4)])),
    code: unimplemented,
    says: "compressed messages are not accepted",
    undecodable: 0,
  },
  "an end in the middle of a message": {
    send: (call) => call.halfClose(framed(encodeBatch({ packets: good(1) })).subarray(0, 40)),
    says: "the stream ended in the middle of a message",
    ...cut,
  },
  "an end in the middle of a message's prefix": {
    send: (call) => call.halfClose(messagePrefix(40).subarray(0, 3)),
    says: "the stream ended in the middle of a message",
    ...cut,
  },
};

interface Answered {
  readonly batch: Uint8Array;
  /** The ack's `error`. */
  readonly error?: string;
  /** What the file holds of it: `hunter interface linkType originalLength nanoseconds`. */
  readonly recorded: readonly string[];
}

const record = (
  fields: { hunter?: string; name?: string; link?: number; length?: number; time?: bigint } = {},
): string => {
  const { hunter = "odd", name = "if0", link = 1, length = 60, time = 0n } = fields;
  return JSON.stringify([hunter, name, link, length, String(time)]);
};
const of = (...packets: PacketToEncode[]): Uint8Array => encodeBatch({ hunterId: "odd", packets });
const named = (interfaceName: string): PacketToEncode => ({ data: data(60), interfaceName });
const rawName = (bytes: number[]): Uint8Array => {
  const name = "Z".repeat(bytes.length);
  return encodeRaw({ hunterId: "odd", packets: [named(name)] }, name, bytes);
};
const time2106 = 4_294_967_296_000_000_007n;

/** Inputs that are acknowledged, in this order. */
const answered: Record<string, Answered> = {
  "a message of no bytes": { batch: new Uint8Array(0), recorded: [] },
  "a batch without packets": { batch: of(), recorded: [] },
  "packets whose capture_length disagrees": {
    batch: of(
      ...good(62),
      { data: data(60), captureLength: 61 },
      { data: data(9), captureLength: 0 },
    ),
    error: "2 of 64 packets rejected: capture_length is not the length of data (2)",
    recorded: Array.from({ length: 62 }, () => record()),
  },
  "a packet that is too long": {
    batch: of({ data: data(limits.packetBytesMax + 1) }, { data: data(limits.packetBytesMax) }),
    error: "1 of 2 packets rejected: data is longer than 262144 bytes (1)",
    recorded: [record({ length: limits.packetBytesMax })],
  },
  "link types that do not exist, and one that cannot": {
    batch: of(...[300, 65_535, 65_536, 0].map((linkType) => ({ data: data(60), linkType }))),
    error: "1 of 4 packets rejected: link_type is above 65535 (1)",
    recorded: [record({ link: 300 }), record({ link: 65_535 }), record()],
  },
  "packets shorter than the header of their link type, and longer ones": {
    batch: of(
      ...[0, 1, 2].map((size) => ({ data: data(size), linkType: 245 })),
      { data: data(0), linkType: 123 },
      { data: data(2), linkType: 197 },
      { data: data(60), linkType: 177 },
      ...good(1),
    ),
    error:
      "5 of 7 packets rejected: data is shorter than the header of its link type (4), data does not begin with the header of its link type (1)",
    recorded: [record({ link: 245, length: 2 }), record()],
  },
  "nothing but packets that are rejected": {
    batch: of({ data: data(9), captureLength: 8 }, { data: data(60), linkType: 70_000 }),
    error:
      "2 of 2 packets rejected: capture_length is not the length of data (1), link_type is above 65535 (1)",
    recorded: [],
  },
  "no hunter_id": {
    batch: encodeBatch({ hunterId: "", packets: good(1) }),
    recorded: [record({ hunter: "unnamed@127.0.0.1" })],
  },
  "an interface without a name": {
    batch: of({ data: data(60), interfaceIndex: 7 }),
    recorded: [record({ name: "if7" })],
  },
  "interface names of any kind": {
    batch: of(named("e\u0000\u001b[2J\n"), named("\u7db2\u{1f980}"), named("n".repeat(300))),
    recorded: [
      record({ name: "e\\u0000\\u001b[2J\\u000a" }),
      record({ name: "\u7db2\u{1f980}" }),
      record({ name: "n".repeat(limits.interfaceNameBytesMax) }),
    ],
  },
  "a hunter_id with a NUL": {
    batch: encodeBatch({ hunterId: "odd\0id", packets: good(1) }),
    recorded: [record({ hunter: "odd\\u0000id" })],
  },
  "an interface name that is not UTF-8": {
    batch: rawName([0x65, 0xff, 0xc3]),
    recorded: [record({ name: "e\ufffd\ufffd" })],
  },
  "times before 1970, and after 2106": {
    batch: of({ data: data(60), timeNs: -1n }, { data: data(60), timeNs: time2106 }),
    recorded: [record(), record({ time: time2106 })],
  },
  "an original_length below what was captured": {
    batch: of({ data: data(60), originalLength: 59 }),
    recorded: [record()],
  },
  "a packet of no bytes": { batch: of({ data: data(0) }), recorded: [record({ length: 0 })] },
  "metadata that is no message": {
    batch: of({ data: data(60), metadata: data(5, 0xff) }),
    recorded: [record()],
  },
  "the longest message": {
    batch: batchOfLength(messageBytesMax),
    recorded: [record({ hunter: "hunter" })],
  },
};

describe.each(
  sampledWorkerCounts(1).flatMap(
    (workers) =>
      [
        ["pcapng", workers],
        ["pcap", workers],
      ] as const,
  ),
)("odd input, recorded as %s with --workers %d", (format, workers) => {
  const directory = scratchDirectory();
  const file = join(directory, `odd.${format}`);
  let node: RunningProcessor;
  let bystanders: MockHunter[] = [];
  let bystanding = 0;

  beforeAll(async () => {
    const size = ["--max-message-size", `${messageBytesMax / 1024}KiB`];
    node = await startProcessor(["--workers", String(workers), "-w", file, ...size]);
    bystanders = await connectAcrossShards(node, 3);
  });

  afterAll(() => {
    for (const hunter of bystanders) hunter.close();
    node.kill("SIGKILL");
  });

  async function bystandersGoOn(): Promise<void> {
    bystanding++;
    for (const hunter of bystanders) {
      hunter.send(encodeBatch({ hunterId: "bystander", packets: good(1), sequence: 1n }));
    }
    await Promise.all(bystanders.map((hunter) => hunter.waitAcks(bystanding)));
  }

  function counter(name: string): number {
    return Number(node.latest("node-stats")?.[name] ?? 0);
  }

  test.each(Object.entries(endings))("%s", async (_name, { send, code, says, undecodable }) => {
    const before = counter("undecodable_batches");
    const connection = new RawConnection(node.address);
    const call = connection.call();
    const batch = encodeBatch({ hunterId: "before", packets: good(1), sequence: 5n });
    call.write(framed(batch));
    call.write(framed(batch));
    send(call);
    const end = await call.waitEnd();
    expect(end.code).toBe(code);
    expect(end.details).toStartWith(says);
    expect(call.acks.map(({ sequence }) => sequence)).toEqual([5n, 5n]);
    connection.close();
    await bystandersGoOn();
    await nextStats(node);
    expect(counter("undecodable_batches") - before).toBe(undecodable);
  });

  test("bytes at random, and clients that leave", async () => {
    const random = seeded(workers);
    const codes = new Set<number>();
    for (let turn = 0; turn < 40; turn++) {
      const connection = new RawConnection(node.address);
      const call = connection.call();
      const bytes = Buffer.from(Array.from({ length: 2000 }, () => random.between(0, 255)));
      // Half of them with a true prefix, so that the walker sees them too.
      const sent = turn % 2 === 0 ? bytes : framed(bytes);
      if (turn % 5 === 0) {
        call.write(sent.subarray(0, random.between(1, 1999)));
        await connection.ping();
      } else {
        call.halfClose(sent);
        codes.add((await call.waitEnd()).code);
      }
      connection.close();
    }
    await bystandersGoOn();
    for (const code of codes) {
      expect([invalidArgument, resourceExhausted, unimplemented]).toContain(code);
    }
  });

  test("what is acknowledged is recorded as documented", async () => {
    await nextStats(node);
    const rejectedBefore = counter("rejected");
    const hunter = new MockHunter(node.address);
    for (const { batch } of Object.values(answered)) hunter.send(batch);
    // All of them are batch 1, but for the two empty ones: those are answered with number 0 and 1.
    await hunter.until(() => hunter.acks.length + hunter.signals.length >= 17);
    expect(hunter.end).toBeUndefined();
    expect(hunter.signals).toEqual([{ sequence: 0n, flow: 0, error: "" }]);
    const errors = Object.values(answered).map(({ error = "" }) => error);
    expect(hunter.acks.map(({ error }) => error)).toEqual(errors.slice(1));
    hunter.close();
    await bystandersGoOn();
    await nextStats(node);
    expect(counter("rejected") - rejectedBefore).toBe(11);
    const line = node.latest("node-stats")!;
    expect(line["rejected_by"]).toBe(
      "capture_length=3 too_long=1 link_type=2 short_header=4 foreign_header=1",
    );
    expect(line["altered"]).toBe("times=1 original_lengths=1 interface_names=4");

    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    const written = Number(node.latest("node-stopped")!["written"]);
    const paths = readdirSync(directory)
      .filter((name) => name.endsWith(format))
      .map((name) => join(directory, name));
    const files = paths.map(readCapture);
    expect(files.reduce((sum, { packets }) => sum + packets.length, 0)).toBe(written);
    for (const [index, path] of paths.entries()) {
      const { packets, format: read } = files[index]!;
      // Wireshark opens no classic pcap whose link type it does not know.
      if (!hasTshark || (read === "pcap" && packets[0]?.linkType !== 1)) continue;
      expect(countByCapinfos(path, /Unknown packet encapsulation/)).toBe(packets.length);
    }
    if (format === "pcapng") {
      const found = files
        .flatMap(({ packets }) => packets)
        .filter((packet) => !["bystander", "before"].includes(packet.hunter))
        .map((packet) =>
          record({
            hunter: packet.hunter,
            name: packet.interface,
            link: packet.linkType,
            length: packet.originalLength,
            time: packet.time,
          }),
        );
      expect(found).toEqual(Object.values(answered).flatMap(({ recorded }) => recorded));
    } else {
      const links = files.map(({ packets }) => packets[0]?.linkType).sort((a, b) => a! - b!);
      expect(links).toEqual([1, 245, 300, 65_535]);
    }
    checkAccounts(node);
  });
});

describe.each(sampledWorkerCounts(1))("the default limit with --workers %d", (workers) => {
  test("takes a message of 32 MiB, and not one byte more", async () => {
    const node = await startProcessor(["--workers", String(workers)]);
    const connection = new RawConnection(node.address);
    const call = connection.call();
    call.write(framed(batchOfLength(limits.messageBytesMax)));
    call.write(messagePrefix(limits.messageBytesMax + 1));
    expect(await call.waitEnd()).toEqual({
      code: resourceExhausted,
      details: "a message of 33554433 bytes is larger than 33554432 (--max-message-size)",
    });
    expect(call.acks.length).toBe(1);
    connection.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    checkAccounts(node);
  });
});
