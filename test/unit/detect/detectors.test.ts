/** Each detector on messages written after its specification, and on what only looks like them. */
import { describe, expect, test } from "bun:test";
import { createDetection } from "../../../src/detect/detection.ts";
import { protocolName } from "../../../src/detect/registry.ts";
import { makeBatch } from "../../support/encode-batch.ts";
import {
  concat,
  hex,
  ipv4,
  tcpSegment,
  text,
  udpDatagram,
  uint16,
  uint32,
} from "../../support/packets.ts";

type Transport = "tcp" | "udp";

/** Payload of one packet; with `isReply` it goes from the server's port to the client's. */
interface Message {
  readonly payload: Uint8Array;
  readonly isReply?: boolean;
}

/** Labels of the messages of one conversation, whose beginning was not captured. */
function labels(transport: Transport, serverPort: number, messages: readonly Message[]): string[] {
  const packets = messages.map(({ payload, isReply = false }) => {
    const ends = [
      { port: 40_000, address: [10, 0, 0, 1] },
      { port: serverPort, address: [10, 0, 0, 2] },
    ];
    const [from, to] = isReply ? ends.reverse() : ends;
    const ports = { sourcePort: from!.port, destinationPort: to!.port };
    const segment = transport === "tcp" ? tcpSegment(ports, payload) : udpDatagram(ports, payload);
    const protocol = transport === "tcp" ? 6 : 17;
    const data = ipv4({ protocol, source: from!.address, destination: to!.address }, segment);
    return { data, linkType: 101 };
  });
  const batch = makeBatch({ packets });
  createDetection().inspect(batch);
  return messages.map((_, index) => protocolName(batch.labels[index] as number));
}

function label(transport: Transport, serverPort: number, payload: Uint8Array | string): string {
  const bytes = typeof payload === "string" ? text(payload) : payload;
  return labels(transport, serverPort, [{ payload: bytes }])[0] ?? "";
}

function dnsMessage(id: number, flags: number, name: string): Uint8Array {
  const counts = [1, (flags & 0x8000) === 0 ? 0 : 1, 0, 0].flatMap(uint16);
  const question = name.split(".").map((part) => concat([part.length], text(part)));
  const answer = (flags & 0x8000) === 0 ? [] : hex("c00c 0001 0001 0000003c 0004 5db8d822");
  return concat(uint16(id), uint16(flags), counts, ...question, [0], uint16(1), uint16(1), answer);
}

const clientHello = concat(hex("16030100 39 01000035 0303"), new Uint8Array(51).fill(7));
const ikeHeader = (version: number, exchange: number, next: number, flags: number) =>
  concat(uint32(0x1122_3344), uint32(5), uint32(0), uint32(0), [next, version, exchange, flags]);
const ike = (version: number, exchange: number, next: number, flags: number) =>
  concat(ikeHeader(version, exchange, next, flags), uint32(0), uint32(40), new Uint8Array(12));

const mysqlPacket = (number: number, body: Uint8Array) =>
  concat([body.length & 0xff, body.length >>> 8, 0, number], body);
const mysqlGreeting = mysqlPacket(
  0,
  concat([10], text("8.0.36\0"), uint32(11), text("saltsalt"), [0], hex("ffffff0200ffdf15"), [21]),
);
const mysqlResponse = mysqlPacket(
  1,
  concat(hex("85a6ff01 00000001 2d"), new Uint8Array(23), text("root\0"), [0]),
);
const startup = concat(uint32(0x0003_0000), text("user\0alice\0database\0shop\0\0"));
const pgMessage = (type: string, body: Uint8Array) =>
  concat(text(type), uint32(body.length + 4), body);
const l2tpControl = concat(hex("c802 0014 0000 0000 0000 0000"), hex("8008 0000 0000 0001"));

const matches: [string, string, Transport, number, Uint8Array | string][] = [
  ["HTTP", "request", "tcp", 80, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["HTTP", "request on any port", "tcp", 31_337, "DELETE /a%20b HTTP/1.0\n\n"],
  ["HTTP", "extension method", "tcp", 80, "VERSION-CONTROL /a HTTP/1.1\r\n\r\n"],
  ["HTTP", "towards a proxy", "tcp", 8080, "CONNECT example.org:443 HTTP/1.1\r\n\r\n"],
  ["HTTP", "response", "tcp", 8080, "HTTP/1.1 404 Not Found\r\n\r\n"],
  ["SIP", "request", "udp", 5060, "INVITE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n"],
  ["SIP", "request over TCP", "tcp", 5060, "REGISTER sips:example.org SIP/2.0\r\n\r\n"],
  ["SIP", "response on any port", "udp", 9999, "SIP/2.0 180 Ringing\r\n"],
  ["SIP", "extension method", "udp", 5060, "FROBNICATE sip:b@example.org SIP/2.0\r\n\r\n"],
  ["SIP", "behind a keep-alive", "udp", 5060, "\r\n\r\nSIP/2.0 200 OK\r\n"],
  ["TLS", "ClientHello", "tcp", 443, clientHello],
  ["TLS", "ClientHello on any port", "tcp", 12_345, clientHello],
  [
    "TLS",
    "records in the middle of a stream",
    "tcp",
    443,
    hex("17030300 04 01020304 1703030002 0102"),
  ],
  [
    "TLS",
    "ClientHello in the form of SSL 2",
    "tcp",
    443,
    hex("801c 01 0301 0003 0000 0010 00002f 000102030405060708090a0b0c0d0e0f"),
  ],
  ["DNS", "query on its port", "udp", 53, dnsMessage(7, 0x0100, "www.example.org")],
  [
    "DNS",
    "query over TCP",
    "tcp",
    53,
    concat(uint16(33), dnsMessage(7, 0x0100, "www.example.org")),
  ],
  [
    "MySQL",
    "request for TLS",
    "tcp",
    3306,
    mysqlPacket(1, concat(hex("85aeff01 00000001 2d"), new Uint8Array(23))),
  ],
  ["MySQL", "handshake response", "tcp", 3306, mysqlResponse],
  ["MySQL", "query, the beginning was missed", "tcp", 3306, mysqlPacket(0, text("\x03SELECT 1"))],
  ["PostgreSQL", "startup", "tcp", 5432, concat(uint32(startup.length + 4), startup)],
  ["PostgreSQL", "startup on any port", "tcp", 60_102, concat(uint32(startup.length + 4), startup)],
  ["PostgreSQL", "request for TLS", "tcp", 5432, hex("00000008 04d2162f")],
  ["PostgreSQL", "query", "tcp", 5432, pgMessage("Q", text("SELECT 1;\0"))],
  [
    "PostgreSQL",
    "end of an answer",
    "tcp",
    5432,
    concat(pgMessage("C", text("SELECT 1\0")), pgMessage("Z", text("I"))),
  ],
  ["OpenVPN", "reset", "udp", 1194, hex("38 0102030405060708 00 00000000")],
  ["OpenVPN", "reset over TCP", "tcp", 1194, hex("000e 38 0102030405060708 00 00000000")],
  [
    "OpenVPN",
    "reset with an HMAC on any port",
    "udp",
    4433,
    concat(
      hex("38 0102030405060708"),
      new Uint8Array(20).fill(9),
      hex("00000001 65000000 00 00000000"),
    ),
  ],
  [
    "WireGuard",
    "initiation",
    "udp",
    51_820,
    concat(hex("01000000 11223344"), new Uint8Array(140).fill(3)),
  ],
  [
    "WireGuard",
    "response on any port",
    "udp",
    999,
    concat(hex("02000000 11223344 55667788"), new Uint8Array(80).fill(3)),
  ],
  ["IKEv2", "IKE_SA_INIT", "udp", 500, ike(0x20, 34, 33, 0x08)],
  ["IKEv2", "behind address translation", "udp", 4500, concat(uint32(0), ike(0x20, 35, 46, 0x08))],
  ["IKEv2", "over TCP", "tcp", 4500, "IKETCP"],
  ["IKEv1", "main mode", "udp", 500, ike(0x10, 2, 1, 0)],
  ["IKEv1", "quick mode on any port", "udp", 10_500, ike(0x10, 32, 8, 1)],
  ["L2TP", "SCCRQ", "udp", 1701, l2tpControl],
  ["L2TP", "data", "udp", 1701, hex("0002 1234 0001 ff03 0021 4500")],
  ["PPTP", "Start-Control-Connection-Request", "tcp", 1723, hex("009c 0001 1a2b3c4d 0001 0000")],
];

describe("one packet is enough for", () => {
  for (const [name, what, transport, port, payload] of matches) {
    test(`${name}: ${what}`, () => {
      expect(label(transport, port, payload)).toBe(name);
    });
  }
});

const others: [string, Transport, number, Uint8Array | string][] = [
  ["HTTP/2", "tcp", 80, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["RTSP", "tcp", 554, "OPTIONS rtsp://a/ RTSP/1.0\r\n\r\n"],
  ["SSDP", "udp", 1900, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"],
  ["SMTP", "tcp", 25, "EHLO example.org\r\n"],
  ["IRC", "tcp", 6667, "NICK someone\r\n"],
  ["SSH", "tcp", 22, "SSH-2.0-OpenSSH_9.6\r\n"],
  ["HTTP over UDP", "udp", 80, "GET / HTTP/1.1\r\n\r\n"],
  ["multicast DNS", "udp", 5353, dnsMessage(0, 0, "_http._tcp.local")],
  ["LLMNR", "udp", 5355, dnsMessage(9, 0, "printer")],
  [
    "NetBIOS names",
    "udp",
    137,
    concat(
      hex("1234 0110 0001 0000 0000 0000 20"),
      text("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
      hex("00 0021 0001"),
    ),
  ],
  ["one DNS query on another port", "udp", 9587, dnsMessage(7, 0x0100, "www.example.org")],
  ["noise on port 53", "udp", 53, hex("ffffffffffffffffffffffffffffffff")],
  ["DTLS", "udp", 443, hex("16fefd 0000 000000000000 0030 01 000024 0000 000000 000024 fefd")],
  ["QUIC", "udp", 443, hex("c0000000010811223344556677880000449e7b9aec34d1b1c98dd7689fb8ec11")],
  ["a TLS record of an unknown type", "tcp", 443, hex("1f030300 04 01020304")],
  [
    "WireGuard of the wrong length",
    "udp",
    51_820,
    concat(hex("01000000 11223344"), new Uint8Array(139)),
  ],
  ["IKE of the wrong length", "udp", 500, concat(ike(0x20, 34, 33, 8), [0])],
  ["RTP", "udp", 16_384, hex("8000 1234 00000050 11223344 d5d5d5d5d5d5d5d5d5d5d5d5")],
  ["STUN", "udp", 3478, hex("0001 0000 2112a442 0102030405060708090a0b0c")],
  ["NTP", "udp", 123, concat(hex("23 00 06 20"), new Uint8Array(44))],
  ["an MTU probe of zeros", "udp", 4500, new Uint8Array(200)],
  ["a keep-alive of address translation", "udp", 4500, hex("ff")],
  ["Redis", "tcp", 6379, "*1\r\n$4\r\nPING\r\n"],
  ["LDAP", "tcp", 389, hex("300c020101600702010304008000")],
  ["a PPTP port with something else", "tcp", 1723, hex("009c 0001 deadbeef 0001 0000")],
  [
    "L2F on the port of L2TP",
    "udp",
    1701,
    hex("c001 0014 0000 0000 0000 0000 8008 0000 0000 0001"),
  ],
];

describe("no label for", () => {
  for (const [what, transport, port, payload] of others) {
    test(what, () => {
      expect(label(transport, port, payload)).toBe("");
    });
  }
});

describe("several packets decide", () => {
  test("MySQL by its greeting, which the server sends", () => {
    const greeting = { payload: mysqlGreeting, isReply: true };
    expect(labels("tcp", 3307, [greeting])).toEqual(["MySQL"]);
    const refusal = mysqlPacket(0, concat(hex("ff6a04"), text("Host 'a' is not allowed")));
    expect(labels("tcp", 3306, [{ payload: refusal, isReply: true }])).toEqual(["MySQL"]);
  });

  test("DNS on another port by a query and its answer", () => {
    const query = { payload: dnsMessage(7, 0x0100, "www.example.org") };
    const answer = { payload: dnsMessage(7, 0x8180, "www.example.org"), isReply: true };
    const other = { payload: dnsMessage(8, 0x8180, "www.example.org"), isReply: true };
    expect(labels("udp", 9999, [query, answer])).toEqual(["", "DNS"]);
    expect(labels("udp", 9999, [query, other])).toEqual(["", ""]);
  });

  test("DNS over TCP whose length comes alone", () => {
    const message = dnsMessage(7, 0x0100, "www.example.org");
    const split = [{ payload: Uint8Array.from(uint16(message.length)) }, { payload: message }];
    expect(labels("tcp", 53, split)).toEqual(["", "DNS"]);
  });

  test("HTTP whose request line comes in two", () => {
    const first = text("GET /a/long/path");
    const second = text("/that/goes/on HTTP/1.1\r\nHost: a\r\n");
    expect(labels("tcp", 80, [{ payload: first }, { payload: second }])).toEqual(["", "HTTP"]);
  });

  test("TLS by a record that goes on and another one", () => {
    const long = { payload: concat(hex("17030304 00"), new Uint8Array(500)) };
    expect(labels("tcp", 443, [long, long])).toEqual(["", "TLS"]);
  });

  test("WireGuard by two data packets to one receiver", () => {
    const data = (receiver: number, counter: number) => ({
      payload: concat(uint32(0x0400_0000), uint32(receiver), [counter], new Uint8Array(23)),
    });
    expect(labels("udp", 4000, [data(9, 1), data(9, 2)])).toEqual(["", "WireGuard"]);
    expect(labels("udp", 4000, [data(9, 1), data(8, 2)])).toEqual(["", ""]);
  });

  test("OpenVPN with --tls-crypt by the resets of both sides", () => {
    const reset = (opcode: number) => {
      const clear = concat([opcode], uint32(opcode), uint32(7), uint32(1), uint32(0x6500_0000));
      return concat(clear, new Uint8Array(32 + 5).fill(0xaa));
    };
    const answered = [{ payload: reset(0x38) }, { payload: reset(0x40), isReply: true }];
    expect(labels("udp", 443, answered)).toEqual(["", "OpenVPN"]);
    expect(labels("udp", 443, [{ payload: reset(0x40) }])).toEqual([""]);
  });

  test("ESP in UDP by two packets of one association", () => {
    const packet = (spi: number, number: number) => ({
      payload: concat(uint32(spi), uint32(number), new Uint8Array(40).fill(0x77)),
    });
    const same = [packet(0xc123_4567, 1), packet(0xc123_4567, 2)];
    expect(labels("udp", 4500, same)).toEqual(["", "ESP"]);
    expect(labels("udp", 4500, [packet(0xc123_4567, 1), packet(0xc123_4568, 2)])).toEqual(["", ""]);
    expect(labels("udp", 4501, same)).toEqual(["", ""]);
  });

  test("RTP by two packets of one source, in order, whatever comes between them", () => {
    const control = rtcp(8, 200);
    const packets = [
      media(1),
      media(1),
      { ...media(9), isReply: true },
      control,
      media(3),
      media(4),
    ];
    expect(labels("udp", 30_000, packets)).toEqual(["", "", "", "", "RTP", "RTP"]);
    expect(labels("udp", 30_000, [media(1), rtcp(7, 200)])).toEqual(["", "RTP"]);
    const reversed = [media(5), media(4), media(6)];
    expect(labels("udp", 30_000, reversed)).toEqual(["", "", "RTP"]);
    expect(labels("udp", 30_000, [media(0xffff), media(0)])).toEqual(["", "RTP"]);
  });

  test("RTCP on a port of its own by two reports of one source", () => {
    expect(labels("udp", 30_001, [rtcp(7, 200), rtcp(7, 201)])).toEqual(["", "RTP"]);
    expect(labels("udp", 30_001, [rtcp(7, 200), rtcp(8, 200)])).toEqual(["", ""]);
  });

  test("RTP not by packets that only begin like it", () => {
    const none = ["", ""];
    // Another source, a gap, a service's port, a payload type that no one has, no payload.
    expect(labels("udp", 30_000, [media(1), media(2, { source: 8 })])).toEqual(none);
    expect(labels("udp", 30_000, [media(1), media(500)])).toEqual(none);
    expect(labels("udp", 5060, [media(1), media(2)])).toEqual(none);
    expect(labels("udp", 123, [media(1), media(2)])).toEqual(none);
    expect(labels("udp", 30_000, [media(1, { type: 40 }), media(2, { type: 40 })])).toEqual(none);
    expect(labels("udp", 30_000, [media(1, { bytes: 0 }), media(2, { bytes: 0 })])).toEqual(none);
    expect(labels("tcp", 30_000, [media(1), media(2)])).toEqual(none);
  });
});

interface MediaFields {
  readonly source?: number;
  readonly type?: number;
  /** Of payload. */
  readonly bytes?: number;
}

function media(sequence: number, fields: MediaFields = {}): Message {
  const { source = 7, type = 8, bytes = 20 } = fields;
  const header = concat([0x80, type], uint16(sequence), uint32(160 * sequence), uint32(source));
  return { payload: concat(header, new Uint8Array(bytes).fill(0xd5)) };
}

/** A report without blocks and the name of its source (RFC 3550 sections 6.4 and 6.5). */
function rtcp(source: number, type: number): Message {
  const length = type === 200 ? 6 : 1;
  const report = concat(
    [0x80, type],
    uint16(length),
    uint32(source),
    new Uint8Array(length * 4 - 4),
  );
  const name = concat([0x81, 202], uint16(2), uint32(source), [1, 1, 0x61, 0]);
  return { payload: concat(report, name) };
}
