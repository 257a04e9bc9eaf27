import { describe, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { Enricher } from "../../../src/enrich/enricher.ts";
import { CapturedPacketSchema } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { captureFiles, readCapture } from "../../support/captures.ts";
import { makeBatch, wrapBatch } from "../../support/encode-batch.ts";
import {
  decodeEnriched,
  enrich,
  labelledBatch,
  protocolNames,
  type SentPacket,
} from "../../support/enriched.ts";
import { capturesFolder } from "../../support/expected-flows.ts";
import { ethernet, hex, ipv4, ipv6, tcpSegment, text, udpDatagram } from "../../support/packets.ts";

const ports = { sourcePort: 1024, destinationPort: 443 };
const udp = ethernet(0x0800, ipv4({ protocol: 17 }, udpDatagram(ports, hex("00"))));
const tlsRecord = hex("1703030010 00112233445566778899aabbccddeeff 1503030002 0100");
const tls = ethernet(0x0800, ipv4({ protocol: 6 }, tcpSegment(ports, tlsRecord)));
const icmp = ethernet(0x0800, ipv4({ protocol: 1 }, hex("0800 0000 0001 0001")));
const arp = ethernet(0x0806, hex("0001080006040001"));

describe("a packet of which the hunter says nothing", () => {
  test("is given label, info, addresses, ports and transport", () => {
    expect(enrich([{ data: tls }])[0]?.metadata).toMatchObject({
      protocol: "TLS",
      srcIp: "10.0.0.1",
      dstIp: "10.0.0.2",
      srcPort: 1024,
      dstPort: 443,
      transport: "TCP",
      info: "TLS",
    });
  });

  test("is given them without a label too", () => {
    const [first, second, third] = enrich([{ data: udp }, { data: icmp }, { data: arp }]);
    expect(first?.metadata).toMatchObject({ protocol: "", info: "", transport: "UDP" });
    expect(second?.metadata).toMatchObject({ transport: "ICMP", srcPort: 0, srcIp: "10.0.0.1" });
    expect(third?.metadata).toBeUndefined();
  });

  test("has IPv6 addresses in their short form", () => {
    const source = [...hex("20010db8000000000000000000000001")];
    const data = ethernet(0x86dd, ipv6({ nextHeader: 58, source }, hex("8000000000010001")));
    expect(enrich([{ data }])[0]?.metadata).toMatchObject({
      srcIp: "2001:db8::1",
      transport: "ICMPv6",
    });
  });

  test("keeps what it was sent with", () => {
    const sent: SentPacket = {
      data: tls,
      timestampNs: 1_700_000_000_123_456_789n,
      captureLength: 70,
      originalLength: 1500,
      interfaceIndex: 3,
      interfaceName: "øst0",
      matchedFilterIds: ["a", "ß"],
    };
    expect(enrich([sent])[0]).toMatchObject(sent);
  });

  test("is counted by its place in the view when others before it were rejected", () => {
    const batch = labelledBatch([{ data: udp }, { data: tls }, { data: icmp }]);
    batch.rejections[1] = 1;
    const enriched = new Enricher({ protocolNames }).enrich(batch);
    expect(enriched.count).toBe(2);
    expect([...enriched.index.subarray(0, 2)]).toEqual([0, 2]);
  });
});

describe("what the hunter gives", () => {
  test("wins, field by field", () => {
    const metadata = { protocol: "gRPC", srcIp: "192.0.2.9", dstPort: 5, transport: "X" };
    const [packet] = enrich([{ data: tls, metadata }]);
    expect(packet?.metadata).toMatchObject({
      ...metadata,
      dstIp: "10.0.0.2",
      srcPort: 1024,
      // Our info would be of another protocol.
      info: "",
    });
  });

  test("is sent once, with ours behind it", () => {
    const batch = labelledBatch([{ data: udp, metadata: { info: "mine" } }]);
    const { bytes, end } = new Enricher({ protocolNames }).enrich(batch);
    const { packetStart, packetLength } = batch.view;
    const at = bytes.indexOf(
      batch.view.bytes.subarray(packetStart[0], packetStart[0]! + packetLength[0]!),
    );
    expect(at).toBeGreaterThan(0);
    expect(bytes.subarray(at + packetLength[0]!, end[0])[0]).toBe(0x3a);
  });

  test("counts over all occurrences of metadata", () => {
    // The second is empty, which the walker takes for none.
    const given = toBinary(
      CapturedPacketSchema,
      create(CapturedPacketSchema, { data: tls, linkType: 1, metadata: { protocol: "SSH" } }),
    );
    const packet = Buffer.concat([given, hex("3a00")]);
    const bytes = Buffer.concat([
      hex("22"),
      Buffer.of((packet.length & 0x7f) | 0x80, packet.length >> 7),
      packet,
    ]);
    const batch = wrapBatch(bytes, "north", 1);
    const decoded = decodeEnriched(batch, new Enricher({ protocolNames }));
    expect(decoded.packets[0]?.metadata).toMatchObject({ protocol: "SSH", srcIp: "10.0.0.1" });
  });
});

describe("strings that are no UTF-8", () => {
  const bad = Uint8Array.of(0x61, 0xff, 0x62);

  test("are left out of the enriched batch, and counted", () => {
    const enricher = new Enricher({ protocolNames });
    const batch = makeBatch({
      packets: [
        { data: tls, interfaceName: bad },
        { data: tls, interfaceName: "eth0" },
        { data: tls, interfaceName: bad },
      ],
    });
    const { packets } = decodeEnriched(batch, enricher);
    expect(packets.map((packet) => packet.interfaceName)).toEqual(["", "eth0", ""]);
    expect(packets.map((packet) => packet.metadata?.transport)).toEqual(["TCP", "TCP", "TCP"]);
    expect(enricher.stringsLeftOut).toBe(2);
  });

  test("are found in every message inside a packet", () => {
    const metadata = {
      info: "bad!",
      details: { good: "x", key: "bad!" },
      sip: {
        callId: "bad!",
        fromUser: "alice",
        accessNetworkInfo: { cellId: "bad!", bssid: "ok", parameters: { "bad!": "1", a: "2" } },
      },
      email: { rcptTo: ["a@x", "bad!"] },
      dns: { answers: [{ name: "bad!", data: "ok" }] },
    };
    const sent = {
      data: udp,
      matchedFilterIds: ["one", "bad!", "two"],
      metadata,
      tlsKeys: { clientRandom: text("bad!"), srcIp: "bad!", dstIp: "10.0.0.9" },
    };
    const batch = labelledBatch([sent]);
    // Only in strings: in bytes anything may stand, as in the client's random number.
    const { bytes } = batch.view;
    for (let at = bytes.indexOf(0x21); at >= 0; at = bytes.indexOf(0x21, at + 1)) {
      if (bytes[at - 1] === 0x64) bytes[at] = 0xff;
    }
    const enricher = new Enricher({ protocolNames });
    const [packet] = decodeEnriched(batch, enricher).packets;
    expect(packet?.matchedFilterIds).toEqual(["one", "two"]);
    expect(packet?.tlsKeys).toMatchObject({ srcIp: "", dstIp: "10.0.0.9" });
    expect(packet?.tlsKeys?.clientRandom.length).toBe(4);
    expect(packet?.metadata).toMatchObject({ protocol: "SIP", details: { good: "x" } });
    expect(packet?.metadata?.sip).toMatchObject({ callId: "", fromUser: "alice" });
    expect(packet?.metadata?.sip?.accessNetworkInfo).toMatchObject({ bssid: "ok", cellId: "" });
    expect(packet?.metadata?.sip?.accessNetworkInfo?.parameters).toEqual({ a: "2" });
    expect(packet?.metadata?.details).toEqual({ good: "x" });
    expect(packet?.metadata?.email?.rcptTo).toEqual(["a@x"]);
    expect(packet?.metadata?.dns?.answers).toMatchObject([{ name: "", data: "ok" }]);
    expect(enricher.stringsLeftOut).toBe(9);
  });

  test("and metadata that does not decode is left out whole", () => {
    const enricher = new Enricher({ protocolNames });
    const batch = makeBatch({ packets: [{ data: tls, metadata: hex("0aff") }] });
    expect(decodeEnriched(batch, enricher).packets[0]?.metadata?.srcIp).toBe("10.0.0.1");
    expect(enricher.stringsLeftOut).toBe(1);
  });
});

describe("a packet of which the hunter says more than clients take", () => {
  const long = "x".repeat(limits.enrichedPacketBytesMax);
  const plain = { data: tls, timestampNs: 5n, captureLength: 70, originalLength: 1500 };
  const cases: Record<string, SentPacket> = {
    metadata: { ...plain, metadata: { info: long } },
    details: { ...plain, metadata: { details: { key: long } } },
    "an interface name": { ...plain, interfaceName: long },
    "filter ids": { ...plain, matchedFilterIds: [long] },
    keys: { ...plain, tlsKeys: { clientRandom: Buffer.from(long) } },
  };
  for (const [what, sent] of Object.entries(cases)) {
    test(`(${what}) is sent without it, and counted`, () => {
      const enricher = new Enricher({ protocolNames });
      const { packets } = decodeEnriched(labelledBatch([sent, { data: udp }]), enricher);
      expect(packets).toHaveLength(2);
      expect(packets[0]).toMatchObject({ ...plain, linkType: 1, interfaceName: "" });
      expect(packets[0]?.metadata).toMatchObject({ protocol: "TLS", info: "TLS", details: {} });
      expect(enricher.stringsLeftOut).toBe(1);
    });
  }

  test("has of each field the last occurrence, as when it is decoded", () => {
    const sent = toBinary(
      CapturedPacketSchema,
      create(CapturedPacketSchema, { ...plain, linkType: 1 }),
    );
    const junk = toBinary(
      CapturedPacketSchema,
      create(CapturedPacketSchema, { data: Buffer.from(long), timestampNs: 9n, interfaceIndex: 3 }),
    );
    const packet = Buffer.concat([junk, sent]);
    const head = Buffer.from([0x22, 0, 0, 0, 0]);
    let rest = packet.length;
    for (let at = 1; at < 5; at++, rest >>>= 7) head[at] = (rest & 0x7f) | (at < 4 ? 0x80 : 0);
    const batch = wrapBatch(Buffer.concat([head, packet]), "north", 1);
    const [decoded] = decodeEnriched(batch, new Enricher({ protocolNames })).packets;
    expect(decoded).toMatchObject({ ...plain, linkType: 1, interfaceIndex: 3 });
  });
});

test("the batches of every capture decode, and their packets are what was sent", () => {
  const enricher = new Enricher({ protocolNames });
  let packetsSeen = 0;
  for (const path of captureFiles(capturesFolder)) {
    const sent = readCapture(path);
    const batch = labelledBatch(
      sent.map(({ data, linkType, timeNs }) => ({ data, linkType, timestampNs: timeNs })),
    );
    const { packets } = decodeEnriched(batch, enricher);
    expect(packets.length).toBe(sent.length);
    for (const [index, packet] of packets.entries()) {
      expect(Buffer.compare(packet.data, sent[index]!.data)).toBe(0);
      expect(packet.timestampNs).toBe(sent[index]!.timeNs);
      expect(packet.metadata?.protocol ?? "").toBe(protocolNames[batch.labels[index]!]!);
      packetsSeen++;
    }
  }
  expect(packetsSeen).toBeGreaterThan(1500);
});

test("a giant batch is enriched up to a limit, and its buffer given up", () => {
  const data = ethernet(0x0800, ipv4({ protocol: 6 }, tcpSegment(ports, new Uint8Array(200_000))));
  const packets = Array.from({ length: 340 }, () => ({ data }));
  const enricher = new Enricher({ protocolNames });
  const large = enricher.enrich(makeBatch({ packets: [...packets, { data: tls }] }));
  const { bytes, start, end } = large;
  expect(end[340]!).toBeGreaterThan(limits.enrichedBytesMax);
  expect(end[0]! - start[0]!).toBeGreaterThan(end[339]! - start[339]!);
  expect(bytes.length).toBeGreaterThan(limits.enrichedBytesMax);
  const small = enricher.enrich(makeBatch({ packets: [{ data: tls }] }));
  expect(small.bytes.length).toBe(limits.enrichedBytesKept);
});
