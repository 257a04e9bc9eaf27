import { describe, expect, test } from "bun:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { SipTap } from "../../../src/sip-calls/sip-tap.ts";
import { PacketMetadataSchema } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { makeBatch, type PacketToEncode } from "../../support/encode-batch.ts";
import { concat, ethernet, ipv4, ipv6, udpDatagram } from "../../support/packets.ts";
import { sipMessage } from "../../support/sip-sighting.ts";

const sip = 7;
const ringing = sipMessage({
  start: "180 Ringing",
  callId: "c@x",
  from: '"A" <sip:alice@a.example>;tag=ft',
  to: "<sip:5550002222@b.example>;tag=tt",
  cseq: "INVITE",
});
const invite = sipMessage({
  start: "INVITE sip:bob@b",
  callId: "c@x",
  from: "<sip:alice@a>;tag=ft",
  to: "<sip:bob@b>",
  cseq: "INVITE",
});
const ports = { sourcePort: 5060, destinationPort: 5061 };

function udp(payload: Uint8Array): Uint8Array {
  return ethernet(0x0800, ipv4({ protocol: 17 }, udpDatagram(ports, payload)));
}

function metadata(fields: MessageInitShape<typeof PacketMetadataSchema>): Uint8Array {
  return toBinary(PacketMetadataSchema, create(PacketMetadataSchema, fields));
}

/** What a tap reports of one batch; `labels` by packet, default SIP for each. */
function report(packets: PacketToEncode[], labels = packets.map(() => sip), tap = new SipTap(sip)) {
  const batch = makeBatch({ hunterId: "h1", packets });
  batch.labels.set(labels);
  tap.observe(batch);
  return tap.takeReport();
}

describe("packets that detection calls SIP", () => {
  test("are reported with both tags, addresses and packet time", () => {
    const timeNs = 1_700_000_000_123_456_789n;
    expect(report([{ data: udp(ringing), timeNs }])).toEqual({
      missed: 0,
      sightings: [
        {
          hunterId: "h1",
          callId: "c@x",
          fromTag: "ft",
          toTag: "tt",
          fromUser: "alice",
          toUser: "5550002222",
          fromUri: "sip:alice@a.example",
          toUri: "sip:5550002222@b.example",
          method: "",
          cseqMethod: "INVITE",
          responseCode: 180,
          srcIp: "10.0.0.1",
          dstIp: "10.0.0.2",
          timeNs,
        },
      ],
    });
  });

  test("are reported over IPv6, and with times before 1970", () => {
    const data = ethernet(0x86dd, ipv6({ nextHeader: 17 }, udpDatagram(ports, ringing)));
    expect(report([{ data, timeNs: -5n }])?.sightings).toMatchObject([
      { srcIp: "2001:db8::1", dstIp: "2001:db8::2", timeNs: -5n },
    ]);
  });

  test("are not reported without both tags, without SIP, cut off, or rejected", () => {
    const data = udp(ringing);
    const silent = [udp(invite), udp(new Uint8Array(4)), data.subarray(0, 60), new Uint8Array(0)];
    expect(report(silent.map((bytes) => ({ data: bytes })))).toBeUndefined();
    const tap = new SipTap(sip);
    const batch = makeBatch({ packets: [{ data }] });
    batch.labels.fill(sip);
    batch.rejections[0] = 1;
    tap.observe(batch);
    expect(tap.takeReport()).toBeUndefined();
  });

  test("others are not looked at", () => {
    expect(report([{ data: udp(ringing) }, { data: udp(ringing) }], [0, 3])).toBeUndefined();
  });
});

describe("what a hunter says itself", () => {
  const given = { callId: "g", fromTag: "gf", toTag: "gt" };

  test("is reported for a packet that detection does not know", () => {
    const fields = { ...given, method: "BYE", cseqMethod: "BYE", fromUser: "u", toUri: "tel:1" };
    const packet = { data: udp(new Uint8Array(9)), metadata: metadata({ sip: fields }) };
    expect(report([packet], [0])?.sightings).toMatchObject([
      { ...fields, fromUri: "", responseCode: 0, srcIp: "10.0.0.1", dstIp: "10.0.0.2" },
    ]);
    const bare = { data: new Uint8Array(1), metadata: metadata({ sip: fields }) };
    expect(report([bare], [0])?.sightings).toMatchObject([{ callId: "g", srcIp: "", dstIp: "" }]);
  });

  test("wins over what the packet shows, which fills in what it does not say", () => {
    const said = metadata({ srcIp: "1.2.3.4", sip: { callId: "g", fromUser: "tel:7" } });
    expect(report([{ data: udp(ringing), metadata: said }])?.sightings).toMatchObject([
      {
        callId: "g",
        fromUser: "tel:7",
        fromTag: "ft",
        toTag: "tt",
        responseCode: 180,
        srcIp: "1.2.3.4",
        dstIp: "10.0.0.2",
      },
    ]);
  });

  test("is nothing for calls without both tags, as with RTP", () => {
    const rtp = metadata({ sip: { callId: "g" }, rtp: { ssrc: 1 } });
    const half = metadata({ sip: { callId: "g", fromTag: "x" } });
    const dns = metadata({ protocol: "DNS", dns: { queryName: "x" } });
    const packets = [rtp, half, dns].map((bytes) => ({ data: udp(ringing), metadata: bytes }));
    expect(report(packets, [0, 0, 0])).toBeUndefined();
  });

  test("may be broken in any way", () => {
    const good = metadata({ protocol: "SIP", sip: { ...given, responseCode: 200 }, info: "x" });
    for (let length = 0; length <= good.length; length++) {
      for (const label of [0, sip]) {
        report([{ data: udp(ringing), metadata: good.subarray(0, length) }], [label]);
      }
    }
    for (let index = 0; index < good.length; index++) {
      for (const bit of [1, 4, 128]) {
        const bad = good.slice();
        bad[index] = (bad[index] as number) ^ bit;
        report([{ data: udp(ringing), metadata: bad }], [0]);
      }
    }
    // What is broken is as good as absent: the packet has it all.
    const broken = concat([0x3a, 3, 0x0a, 9, 9], [0x3a, 99]);
    const seen = report([{ data: udp(ringing), metadata: broken }])?.sightings;
    expect(seen).toMatchObject([{ callId: "c@x", fromTag: "ft" }]);
  });

  test("is cut where it is longer than anybody needs, and stays valid", () => {
    const long = `${"x".repeat(limits.callTextCharsMax - 1)}\u{1f600}`;
    const said = metadata({ sip: { ...given, fromUser: long, callId: "y".repeat(9999) } });
    const seen = report([{ data: udp(invite), metadata: said }])?.sightings[0];
    expect(seen?.callId.length).toBe(limits.callTextCharsMax);
    expect(seen?.fromUser.length).toBe(limits.callTextCharsMax);
    expect(seen?.fromUser.isWellFormed()).toBe(true);
  });
});

test("more than a shard looks at is counted, and the next report begins anew", () => {
  const tap = new SipTap(sip);
  const { sipPacketsPerReportMax: most } = limits;
  const flood = Array.from({ length: most - 1 }, () => ({ data: udp(invite) }));
  const first = report([...flood, ...Array(4).fill({ data: udp(ringing) })], undefined, tap);
  expect([first?.sightings.length, first?.missed]).toEqual([1, 3]);
  expect(tap.takeReport()).toBeUndefined();
  expect(report(flood, undefined, tap)).toBeUndefined();
  expect(report([{ data: udp(ringing) }], undefined, tap)?.sightings.length).toBe(1);
});
