/** What subscribers are told of single protocols, decoded as they would. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createDetection } from "../../../src/detect/detection.ts";
import { Enricher } from "../../../src/enrich/enricher.ts";
import type { PacketMetadata } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { readCapture } from "../../support/captures.ts";
import {
  decodeEnriched,
  enrich,
  labelledBatch,
  protocolNames,
  type SentPacket,
} from "../../support/enriched.ts";
import { capturesFolder } from "../../support/expected-flows.ts";
import {
  concat,
  ethernet,
  hex,
  ipv4,
  tcpSegment,
  text,
  udpDatagram,
  uint16,
  uint32,
} from "../../support/packets.ts";

const alice = [192, 0, 2, 1];
const bob = [192, 0, 2, 2];

interface Way {
  readonly from?: readonly number[];
  readonly to?: readonly number[];
  readonly fromPort?: number;
  readonly toPort?: number;
}

function datagram(payload: Uint8Array, way: Way = {}): Uint8Array {
  const { from = alice, to = bob, fromPort = 5060, toPort = 5060 } = way;
  const inside = udpDatagram({ sourcePort: fromPort, destinationPort: toPort }, payload);
  return ethernet(0x0800, ipv4({ protocol: 17, source: from, destination: to }, inside));
}

function segment(payload: Uint8Array, toPort: number, sequence = 1): Uint8Array {
  const ports = { sourcePort: 40_000, destinationPort: toPort };
  const inside = tcpSegment({ ...ports, sequence }, payload);
  return ethernet(0x0800, ipv4({ protocol: 6, source: alice, destination: bob }, inside));
}

const sdp = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 30000 RTP/AVP 8\r\n";
const invite = text(
  `INVITE sip:bob@x.test SIP/2.0\r\nFrom: "A" <sip:alice@x.test>;tag=a1\r\nTo: <tel:+4512345678>\r\n` +
    "Call-ID: call-1\r\nCSeq: 1 INVITE\r\nP-Asserted-Identity: <tel:+1>\r\n" +
    `Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
);
const ringing = text(
  "SIP/2.0 180 Ringing\r\nFrom: <sip:alice@x.test>;tag=a1\r\nTo: <sip:bob@x.test>;tag=b1\r\n" +
    "Call-ID: call-1\r\nCSeq: 1 INVITE\r\n\r\n",
);

function rtp(sequence: number, payloadType = 8): Uint8Array {
  const header = [0x80, payloadType, ...uint16(sequence), ...uint32(sequence * 160), ...uint32(9)];
  return concat(header, new Uint8Array(160).fill(0xd5));
}

/** The metadata that one node, which keeps what it learns, gives batch by batch. */
function enrichInTurn(...batches: SentPacket[][]): (PacketMetadata | undefined)[] {
  const enricher = new Enricher({ protocolNames });
  const detection = createDetection();
  return batches.flatMap((packets) =>
    decodeEnriched(labelledBatch(packets, detection), enricher).packets.map((one) => one.metadata),
  );
}

describe("SIP", () => {
  test("requests have method, users, tags, addresses and call", () => {
    const [packet] = enrich([{ data: datagram(invite) }]);
    expect(packet?.metadata).toMatchObject({ protocol: "SIP", info: "INVITE" });
    expect(packet?.metadata?.sip).toMatchObject({
      method: "INVITE",
      callId: "call-1",
      fromUser: "alice",
      toUser: "+4512345678",
      responseCode: 0,
      pAssertedIdentity: "tel:+1",
      fromTag: "a1",
      toTag: "",
      fromUri: "sip:alice@x.test",
      toUri: "tel:+4512345678",
      cseqMethod: "INVITE",
    });
  });

  test("responses have their code, and say it with its reason", () => {
    const [packet] = enrich([{ data: datagram(ringing) }]);
    expect(packet?.metadata?.info).toBe("180 Ringing");
    expect(packet?.metadata?.sip).toMatchObject({ method: "", responseCode: 180, toTag: "b1" });
  });

  test("fields that the hunter gave stay, the others are added", () => {
    const sip = { callId: "hunter's", fromUser: "him", method: "INVITE" };
    const [packet] = enrich([{ data: datagram(invite), metadata: { sip } }]);
    expect(packet?.metadata).toMatchObject({ protocol: "SIP", info: "INVITE", srcIp: "192.0.2.1" });
    expect(packet?.metadata?.sip).toMatchObject({ ...sip, toUser: "+4512345678", fromTag: "a1" });
  });

  test("a hunter's response keeps its code, and gets no method", () => {
    const sip = { responseCode: 200 };
    const [packet] = enrich([{ data: datagram(invite), metadata: { sip } }]);
    expect(packet?.metadata).toMatchObject({ info: "200" });
    expect(packet?.metadata?.sip).toMatchObject({
      responseCode: 200,
      method: "",
      callId: "call-1",
    });
  });

  test("a VoIP hunter's packet is SIP though it does not look like it", () => {
    const metadata = { sip: { method: "BYE", callId: "c" } };
    const [packet] = enrich([{ data: segment(text("half a message"), 5060), metadata }]);
    expect(packet?.metadata).toMatchObject({ protocol: "SIP", info: "BYE", transport: "TCP" });
    expect(packet?.metadata?.sip).toMatchObject({ method: "BYE", callId: "c" });
  });

  test("a message in two TCP segments is told when its headers are whole, and announces its media", () => {
    const media = { from: bob, to: alice, fromPort: 30_002, toPort: 30_000 };
    const stream = [1, 2].map((sequence) => ({ data: datagram(rtp(sequence), media) }));
    const inSdp = invite.length - 12;
    const cuts = [inSdp, 60].map((cut) =>
      enrichInTurn(
        [{ data: segment(invite.subarray(0, cut), 5060, 100) }],
        [{ data: segment(text("\r\n\r\n"), 5060, 96) }],
        [{ data: segment(invite.subarray(cut), 5060, 100 + cut) }],
        stream,
      ),
    );
    for (const told of cuts) expect(told[4]?.sip?.callId).toBe("call-1");
    const [body, head] = cuts;
    expect(body?.slice(0, 3).map((one) => one?.info)).toEqual(["INVITE", "SIP", "SIP"]);
    expect(body?.slice(0, 3).map((one) => one?.sip?.fromUser)).toEqual([
      "alice",
      undefined,
      undefined,
    ]);
    expect(head?.slice(0, 3).map((one) => one?.info)).toEqual(["INVITE", "SIP", "INVITE"]);
    expect(head?.slice(0, 3).map((one) => one?.sip?.fromUser)).toEqual([
      undefined,
      undefined,
      "alice",
    ]);
  });

  test("what continues a message is SIP", () => {
    const metadata = enrichInTurn([
      { data: segment(invite, 5060) },
      { data: segment(text("x"), 5060) },
    ]);
    expect(metadata[1]).toMatchObject({ protocol: "SIP", info: "SIP" });
    expect(metadata[1]?.sip).toBeUndefined();
  });
});

describe("RTP", () => {
  const media = { from: bob, to: alice, fromPort: 30_002, toPort: 30_000 };
  const metadata = { rtp: { ssrc: 1, payloadType: 18 }, sip: { callId: "given" } };

  test("of a VoIP hunter is named by what it gives, and nothing is added to it", () => {
    const [packet] = enrich([{ data: datagram(rtp(1), media), metadata }]);
    expect(packet?.metadata).toMatchObject({ protocol: "RTP", info: "G729", srcPort: 30_002 });
    expect(packet?.metadata?.rtp).toMatchObject({ ssrc: 1, payloadType: 18, sequence: 0 });
    expect(packet?.metadata?.sip).toMatchObject({ callId: "given", method: "" });
  });

  test("that SIP announced has its fields and the call it belongs to", () => {
    const back = { from: alice, to: bob, fromPort: 30_000, toPort: 30_002 };
    const told = enrichInTurn(
      [{ data: datagram(invite) }],
      [1, 2].map((sequence) => ({ data: datagram(rtp(sequence), media) })),
      [3, 4].map((sequence) => ({ data: datagram(rtp(sequence, 101), back) })),
    );
    // Two packets tell that it is RTP.
    expect(told.map((one) => one?.protocol)).toEqual(["SIP", "", "RTP", "RTP", "RTP"]);
    expect(told[2]).toMatchObject({ info: "PCMA", sip: { callId: "call-1", method: "" } });
    expect(told[2]?.rtp).toMatchObject({ ssrc: 9, payloadType: 8, sequence: 2, timestamp: 320 });
    expect(told[4]).toMatchObject({ info: "Dynamic-101", sip: { callId: "call-1" } });
  });

  test("of real calls belongs to them, whichever way it goes", () => {
    const packets = readCapture(join(capturesFolder, "rtp.pcap"));
    const told = enrichInTurn(packets.map(({ data, linkType }) => ({ data, linkType })));
    const calls = new Map<string, Set<string>>();
    for (const one of told) {
      if (one?.rtp === undefined) continue;
      const ends = [one.srcIp, one.dstIp].sort().join(" ");
      calls.set(ends, (calls.get(ends) ?? new Set()).add(one.sip?.callId ?? ""));
    }
    const invites = told.filter((one) => one?.info === "INVITE");
    expect(invites).toHaveLength(2);
    expect([...calls.values()].map((ids) => [...ids])).toEqual(
      invites.map((one) => [one?.sip?.callId ?? "none"]),
    );
  });

  test("that nobody announced has no call, and RTCP is no packet of it", () => {
    const report = concat([0x80, 201], uint16(1), uint32(9));
    const told = enrichInTurn(
      [rtp(1), rtp(2), report].map((one) => ({ data: datagram(one, media) })),
    );
    expect(told[1]).toMatchObject({ protocol: "RTP", info: "PCMA" });
    expect(told[1]?.sip).toBeUndefined();
    expect(told[2]).toMatchObject({ protocol: "RTP", info: "RTP stream" });
    expect(told[2]?.rtp).toBeUndefined();
  });

  test("with a header of zeros is RTP all the same", () => {
    const [packet] = enrich([{ data: datagram(rtp(1), media), metadata: { rtp: {} } }]);
    expect(packet?.metadata).toMatchObject({ protocol: "RTP", info: "PCMU" });
  });
});

describe("TLS", () => {
  test("hellos of real programs have their details", () => {
    const packets = readCapture(join(capturesFolder, "tls.pcap"));
    const metadata = enrichInTurn(packets.map(({ data, linkType }) => ({ data, linkType })));
    const details = metadata.flatMap((one) =>
      one && "version" in one.details ? [one.details] : [],
    );
    expect(details.filter((one) => "ja4" in one).length).toBeGreaterThan(5);
    expect(details.filter((one) => "ja3s" in one).length).toBeGreaterThan(5);
    const client = details.find((one) => one["sni"] !== undefined);
    expect(client?.["ja3"]).toMatch(/^[0-9a-f]{32}$/);
    expect(client?.["ja4"]).toMatch(/^t1[23]d\d{4}\w\w_[0-9a-f]{12}_[0-9a-f]{12}$/);
  });

  test("a hello in two segments is told with the one that completes it", () => {
    const packets = readCapture(join(capturesFolder, "tls.pcap"));
    const whole = packets.find(({ data }) => data[54 + 12] === 22 && data[54 + 12 + 5] === 1);
    const hello = whole!.data.subarray(54 + 12);
    const metadata = enrichInTurn(
      [{ data: segment(hello.subarray(0, 60), 443, 100) }],
      [{ data: segment(hello.subarray(60), 443, 160) }, { data: segment(hello, 8443, 100) }],
    );
    expect(metadata.map((one) => one?.info)).toEqual(["TLS", "TLS", "TLS"]);
    expect(metadata[0]?.details).toEqual({});
    expect(Object.keys(metadata[1]?.details ?? {}).length).toBeGreaterThan(2);
    expect(metadata[1]?.details).toEqual(metadata[2]!.details);
  });
});

describe("HTTP", () => {
  test("requests and responses have their details, keys of the hunter stay", () => {
    const request = text("GET /a?b=c HTTP/1.1\r\nHost: x.test:8080\r\nUser-Agent: curl\r\n\r\n");
    const response = text("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\nGET");
    const [first, second] = enrich([
      { data: segment(request, 80), metadata: { details: { host: "mine", more: "1" } } },
      { data: segment(response, 8080) },
    ]);
    expect(first?.metadata).toMatchObject({ protocol: "HTTP", info: "HTTP" });
    expect(first?.metadata?.details).toEqual({
      host: "mine",
      more: "1",
      method: "GET",
      path: "/a?b=c",
      user_agent: "curl",
    });
    expect(second?.metadata?.details).toEqual({ status: "404", content_type: "text/html" });
  });
});

describe("DNS", () => {
  const query = hex("1234 0100 0001 0000 0000 0000 0178 0474657374 00 0001 0001");
  const answer = concat(
    hex("1234 8583 0001 0001 0000 0000 0178 0474657374 00 0001 0001"),
    hex("c00c 0001 0001 0000003c 0004 c0000201"),
  );

  test("messages have all that one packet tells", () => {
    const [packet] = enrich([{ data: datagram(answer, { fromPort: 53 }) }]);
    expect(packet?.metadata).toMatchObject({ protocol: "DNS", info: "DNS Query/Response" });
    expect(packet?.metadata?.dns).toMatchObject({
      transactionId: 0x1234,
      isResponse: true,
      opcode: "QUERY",
      responseCode: "NXDOMAIN",
      authoritative: true,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: true,
      authenticatedData: false,
      checkingDisabled: false,
      questionCount: 1,
      answerCount: 1,
      authorityCount: 0,
      additionalCount: 0,
      queryName: "x.test",
      queryType: "A",
      queryClass: "IN",
      answers: [{ name: "x.test", type: "A", class: "IN", ttl: 60, data: "192.0.2.1" }],
    });
  });

  test("of the hunter is not added to", () => {
    const dns = { queryName: "y", tunnelingScore: 0.5 };
    const [packet] = enrich([{ data: datagram(query, { toPort: 53 }), metadata: { dns } }]);
    expect(packet?.metadata?.dns).toMatchObject({ ...dns, transactionId: 0, queryType: "" });
  });

  test("over TCP is read behind its length, or in a segment of its own", () => {
    const metadata = enrichInTurn([
      { data: segment(concat(uint16(query.length), query), 53) },
      { data: segment(query, 53) },
      { data: segment(new Uint8Array(40).fill(7), 53) },
    ]);
    expect(metadata.map((one) => one?.dns?.queryName)).toEqual(["x.test", "x.test", undefined]);
  });
});

test("protocols with types in their header say the type", () => {
  const infos = new Map<string, Set<string>>();
  for (const name of ["wireguard", "l2tp", "pptp", "ikev1", "ikev2-esp", "openvpn-udp", "esp"]) {
    const packets = readCapture(join(capturesFolder, `${name}.pcap`));
    for (const one of enrichInTurn(packets.map(({ data, linkType }) => ({ data, linkType })))) {
      if (one === undefined || one.protocol === "") continue;
      infos.set(one.protocol, (infos.get(one.protocol) ?? new Set()).add(one.info));
    }
  }
  const of = (name: string): string[] => [...(infos.get(name) ?? [])].sort();
  expect(of("WireGuard")).toEqual(["Handshake Initiation", "Handshake Response", "Transport Data"]);
  expect(of("L2TP")).toEqual(["control", "data"]);
  expect(of("PPTP")).toContain("Outgoing-Call-Request");
  expect(of("IKEv2")).toContain("IKE_SA_INIT (response)");
  expect(of("IKEv2")).toContain("IKE_AUTH (request)");
  expect(of("IKEv1")).toContain("Main Mode");
  expect(of("OpenVPN")).toEqual(["OpenVPN"]);
  expect(of("ESP")).toEqual(["ESP"]);
});
