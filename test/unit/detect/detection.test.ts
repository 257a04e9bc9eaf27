import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { createDetection, type Detection } from "../../../src/detect/detection.ts";
import { detectors, protocolCount, protocolName } from "../../../src/detect/registry.ts";
import { makeBatch, type PacketToEncode } from "../../support/encode-batch.ts";
import {
  concat,
  ethernet,
  ipv4,
  ipv6,
  tcpSegment,
  text,
  udpDatagram,
  uint16,
  uint32,
  vlanTag,
} from "../../support/packets.ts";

const request = text("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const noise = text("~~~~~~~~~~~~~~~~");
const here = [10, 0, 0, 1];
const there = [10, 0, 0, 2];

interface Segment {
  readonly payload?: Uint8Array;
  readonly flags?: number;
  readonly sequence?: number;
  readonly isReply?: boolean;
}

function tcp(segment: Segment): Uint8Array {
  const { payload = new Uint8Array(0), isReply = false, ...fields } = segment;
  const ports = { sourcePort: isReply ? 80 : 40_000, destinationPort: isReply ? 40_000 : 80 };
  const source = isReply ? there : here;
  const destination = isReply ? here : there;
  return ipv4({ protocol: 6, source, destination }, tcpSegment({ ...ports, ...fields }, payload));
}

function udp(payload: Uint8Array, sourcePort: number, destinationPort: number): Uint8Array {
  return ipv4({ protocol: 17 }, udpDatagram({ sourcePort, destinationPort }, payload));
}

function labels(detection: Detection, packets: readonly Uint8Array[], hunter = 1): string[] {
  const encoded: PacketToEncode[] = packets.map((data) => ({ data, linkType: 101 }));
  const batch = makeBatch({ packets: encoded }, hunter);
  detection.inspect(batch);
  return packets.map((_, index) => protocolName(batch.labels[index] as number));
}

describe("a conversation", () => {
  test("has its label from the verdict on, in both directions, and not before", () => {
    const seen = labels(createDetection(), [
      tcp({ flags: 0x02, sequence: 99 }),
      tcp({ flags: 0x12, sequence: 499, isReply: true }),
      tcp({ payload: request, sequence: 100 }),
      tcp({ payload: noise, sequence: 500, isReply: true }),
      tcp({ flags: 0x11, sequence: 130 }),
    ]);
    expect(seen).toEqual(["", "", "HTTP", "HTTP", "HTTP"]);
  });

  test("keeps its verdict whatever comes later", () => {
    const detection = createDetection();
    labels(detection, [tcp({ payload: request })]);
    const hello = concat(uint16(0x1603), [1, 0, 50, 1, 0, 0, 46, 3, 3], new Uint8Array(44));
    expect(labels(detection, [tcp({ payload: hello })])).toEqual(["HTTP"]);
  });

  test("is shown to the detectors a limited number of times", () => {
    const detection = createDetection();
    const packets = new Array(limits.conversationProbesMax).fill(tcp({ payload: noise }));
    labels(detection, packets);
    expect(labels(detection, [tcp({ payload: request })])).toEqual([""]);
  });

  test("packets without payload do not count against the limit", () => {
    const detection = createDetection();
    labels(detection, new Array(limits.conversationProbesMax * 2).fill(tcp({ flags: 0x10 })));
    expect(labels(detection, [tcp({ payload: request })])).toEqual(["HTTP"]);
  });

  test("begins anew with a SYN of another sequence number, not with a repeated one", () => {
    const detection = createDetection();
    const syn = tcp({ flags: 0x02, sequence: 99 });
    labels(detection, [syn, tcp({ payload: request, sequence: 100 })]);
    expect(labels(detection, [syn])).toEqual(["HTTP"]);
    const next = [tcp({ flags: 0x02, sequence: 5000 }), tcp({ payload: noise, sequence: 5001 })];
    expect(labels(detection, next)).toEqual(["", ""]);
  });

  test("that begins as something else is not HTTP for what comes inside", () => {
    const seen = labels(createDetection(), [
      tcp({ flags: 0x02, sequence: 99 }),
      tcp({ payload: noise, sequence: 100 }),
      tcp({ payload: request, sequence: 100 + noise.length }),
    ]);
    expect(seen).toEqual(["", "", ""]);
  });

  test("whose first bytes were not captured is labelled by what follows", () => {
    const seen = labels(createDetection(), [
      tcp({ flags: 0x02, sequence: 99 }),
      tcp({ payload: request, sequence: 300 }),
    ]);
    expect(seen).toEqual(["", "HTTP"]);
  });
});

describe("conversations are kept apart by", () => {
  const decided = (): Detection => {
    const detection = createDetection();
    labels(detection, [tcp({ payload: request })], 1);
    return detection;
  };

  test("hunter", () => {
    const detection = decided();
    expect(labels(detection, [tcp({ flags: 0x10 })], 2)).toEqual([""]);
    expect(labels(detection, [tcp({ flags: 0x10 })], 1)).toEqual(["HTTP"]);
  });

  test("port", () => {
    const other = tcpSegment({ sourcePort: 40_001, destinationPort: 80 }, noise);
    expect(labels(decided(), [ipv4({ protocol: 6 }, other)])).toEqual([""]);
  });

  test("VLAN", () => {
    const detection = createDetection();
    const tagged = (id: number, payload: Uint8Array) => ({
      data: ethernet(0x8100, vlanTag(id, 0x0800, tcp({ payload }))),
    });
    const batch = makeBatch({ packets: [tagged(5, request), tagged(6, noise), tagged(5, noise)] });
    detection.inspect(batch);
    const names = [0, 1, 2].map((index) => protocolName(batch.labels[index] as number));
    expect(names).toEqual(["HTTP", "", "HTTP"]);
  });

  test("tunnel: its end points and its key", () => {
    const through = (payload: Uint8Array, destination: readonly number[], key: number) => {
      const gre = concat(uint16(0x2000), uint16(0x0800), uint32(key), tcp({ payload }));
      return ipv4({ protocol: 47, destination }, gre);
    };
    const seen = labels(createDetection(), [
      through(request, [192, 0, 2, 1], 1),
      through(noise, [192, 0, 2, 1], 1),
      through(noise, [192, 0, 2, 2], 1),
      through(noise, [192, 0, 2, 1], 2),
      tcp({ payload: noise }),
    ]);
    expect(seen).toEqual(["HTTP", "HTTP", "", "", ""]);
  });

  test("the last bit of an IPv6 address", () => {
    const from = (last: number, payload: Uint8Array) =>
      ipv6(
        { nextHeader: 6, source: [0x20, 1, ...new Uint8Array(13), last] },
        tcpSegment({ sourcePort: 1, destinationPort: 2 }, payload),
      );
    const seen = labels(createDetection(), [from(1, request), from(0, noise), from(1, noise)]);
    expect(seen).toEqual(["HTTP", "", "HTTP"]);
  });
});

describe("without ports", () => {
  test("ESP is a conversation by addresses", () => {
    const packet = ipv4({ protocol: 50 }, concat(uint32(0xc123_4567), uint32(1), noise));
    expect(labels(createDetection(), [packet, packet])).toEqual(["ESP", "ESP"]);
  });

  test("ICMP has neither label nor conversation", () => {
    const detection = createDetection();
    expect(labels(detection, [ipv4({ protocol: 1 }, noise)])).toEqual([""]);
    expect(detection.conversations).toBe(0);
  });
});

describe("fragments", () => {
  const invite = text("INVITE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n");
  const datagram = udpDatagram({ sourcePort: 5060, destinationPort: 5060 }, invite);
  const part = (identification: number, first: boolean, timeNs: bigint): PacketToEncode => {
    const fragment = first ? 0x2000 : 8;
    const body = first ? datagram : noise;
    const data = ipv4({ protocol: 17, identification, fragment }, body);
    return { data, timeNs, linkType: 101 };
  };

  test("take the label of their datagram's first one, for a limited time", () => {
    const second = 1_000_000_000n;
    const batch = makeBatch({
      packets: [
        part(7, true, 10n * second),
        part(7, false, 11n * second),
        part(8, false, 11n * second),
        part(7, false, (11n + BigInt(limits.fragmentAgeSecondsMax)) * second),
      ],
    });
    createDetection().inspect(batch);
    const names = [0, 1, 2, 3].map((index) => protocolName(batch.labels[index] as number));
    expect(names).toEqual(["SIP", "SIP", "", ""]);
  });
});

describe("accounting", () => {
  test("each packet that was not rejected counts once", () => {
    const detection = createDetection();
    const data = tcp({ payload: request });
    const packets = [data, data, new Uint8Array(3), data].map((one) => ({
      data: one,
      linkType: 101,
    }));
    const batch = makeBatch({ packets });
    batch.rejections[1] = 4;
    batch.labels[1] = 77;
    detection.inspect(batch);
    expect(protocolName(batch.labels[0] as number)).toBe("HTTP");
    expect(batch.labels[1]).toBe(0);
    const http = detectors.findIndex((detector) => detector.name === "HTTP") + 1;
    expect(detection.labelledPackets[http]).toBe(2);
    expect(detection.labelledPackets[0]).toBe(1);
  });

  test("a bounded number of conversations, evictions counted", () => {
    const detection = createDetection({ conversationsMax: 16 });
    for (let port = 1; port <= 100; port++) labels(detection, [udp(noise, port, 9)]);
    expect([detection.conversations, detection.evictions]).toEqual([16, 84]);
  });
});

test("the registry: names are unique, numbers few", () => {
  expect(new Set(detectors.map((detector) => detector.name)).size).toBe(detectors.length);
  expect(protocolCount).toBeLessThanOrEqual(40);
  expect([protocolName(0), protocolName(protocolCount)]).toEqual(["", ""]);
});
