import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { type DnsAnswer, type DnsMessage, dissectDns } from "../../../src/dissect/dns.ts";
import { concat, hex, text, uint16, uint32 } from "../../support/packets.ts";

type Bytes = Uint8Array | readonly number[];

interface MessageFields {
  readonly id?: number;
  readonly flags?: number;
  /** Questions, answers, authorities, additionals. */
  readonly counts?: readonly [number, number, number, number];
}

const response = 0x8180;

function message(fields: MessageFields, ...parts: readonly Bytes[]): Uint8Array {
  const { id = 0x1234, flags = 0x0100, counts = [1, 0, 0, 0] } = fields;
  return concat(uint16(id), uint16(flags), ...counts.map(uint16), ...parts);
}

function dissect(bytes: Uint8Array): DnsMessage {
  const read = dissectDns(bytes, 0, bytes.length);
  if (read === undefined) throw new Error("no message");
  return read;
}

/** Labels and the root; `a.b` has two. */
function name(labels: string): Uint8Array {
  const parts = labels.split(".").map((label) => concat([label.length], text(label)));
  return concat(...parts, [0]);
}

function question(labels: string, type = 1, recordClass = 1): Uint8Array {
  return concat(name(labels), uint16(type), uint16(recordClass));
}

/** A record of the first question's name. */
function record(type: number, data: Bytes, owner: Bytes = [0xc0, 12], recordClass = 1): Uint8Array {
  const head = concat(owner, uint16(type), uint16(recordClass), uint32(300));
  return concat(head, uint16(data.length), data);
}

function answerOf(type: number, data: Bytes, owner?: Bytes, recordClass?: number): DnsAnswer {
  const answer = record(type, data, owner, recordClass);
  const fields: MessageFields = { flags: response, counts: [1, 1, 0, 0] };
  return dissect(message(fields, question("a.test"), answer)).answers[0]!;
}

function dataOf(type: number, data: Bytes): string {
  return answerOf(type, data).data;
}

describe("a message", () => {
  test("is told with its header and question", () => {
    const query = message({ flags: 0x0120 }, question("www.example.test", 28));
    expect(dissect(query)).toEqual({
      id: 0x1234,
      isResponse: false,
      opcode: "QUERY",
      responseCode: "",
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      authenticatedData: true,
      checkingDisabled: false,
      questionCount: 1,
      answerCount: 0,
      authorityCount: 0,
      additionalCount: 0,
      queryName: "www.example.test",
      queryType: "AAAA",
      queryClass: "IN",
      answers: [],
    });
  });

  test("that answers has a response code and answers", () => {
    const answers = [record(1, [192, 0, 2, 1]), record(1, [192, 0, 2, 2])];
    const fields: MessageFields = { flags: 0x8690, counts: [1, 2, 0, 0] };
    const read = dissect(message(fields, question("a.test"), ...answers));
    expect(read).toMatchObject({
      isResponse: true,
      responseCode: "NOERROR",
      authoritative: true,
      truncated: true,
      recursionAvailable: true,
      checkingDisabled: true,
    });
    const answer = { name: "a.test", type: "A", class: "IN", ttl: 300, data: "192.0.2.1" };
    expect(read.answers).toEqual([answer, { ...answer, data: "192.0.2.2" }]);
  });

  test.each([
    [0x8183, "QUERY", "NXDOMAIN"],
    [0x8182, "QUERY", "SERVFAIL"],
    [0x8185, "QUERY", "REFUSED"],
    [0x818c, "QUERY", "RCODE12"],
    [0xa400, "NOTIFY", "NOERROR"],
    [0xa809, "UPDATE", "NOTAUTH"],
    [0xf800, "OPCODE15", "NOERROR"],
  ])("names the numbers in its flags: %#x", (flags, opcode, responseCode) => {
    expect(dissect(message({ flags }, question("a")))).toMatchObject({ opcode, responseCode });
  });

  test("has the upper bits of its response code in an OPT record", () => {
    const opt = (upper: number) => hex(`00 0029 04d0 0${upper} 00 8000 0000`);
    const read = (upper: number, flags: number) =>
      dissect(message({ flags, counts: [1, 1, 1, 1] }, question("a"), ...records, opt(upper)));
    const records = [record(1, [1, 2, 3, 4]), record(2, name("ns.test"))];
    expect(read(1, 0x8180).responseCode).toBe("BADVERS");
    expect(read(1, 0x8187).responseCode).toBe("BADCOOKIE");
    expect(read(0, 0x8183).responseCode).toBe("NXDOMAIN");
    expect(read(1, 0x8187).answers.length).toBe(1);
  });

  test.each([
    [5, "CNAME", 1, "IN"],
    [65, "HTTPS", 3, "CH"],
    [255, "ANY", 255, "ANY"],
    [65_280, "TYPE65280", 254, "NONE"],
    [0, "TYPE0", 17, "CLASS17"],
  ])("names types and classes: %d", (type, typeName, recordClass, className) => {
    const read = dissect(message({}, question("a", type, recordClass)));
    expect(read).toMatchObject({ queryType: typeName, queryClass: className });
  });

  test("with several questions tells the first, and the answers behind them all", () => {
    const parts = [question("a.test", 15), question("b.test"), record(1, [192, 0, 2, 1])];
    const read = dissect(message({ flags: response, counts: [2, 1, 0, 0] }, ...parts));
    expect(read).toMatchObject({ queryName: "a.test", queryType: "MX", questionCount: 2 });
    expect(read.answers).toMatchObject([{ name: "a.test", data: "192.0.2.1" }]);
  });

  test("without questions has no query", () => {
    const fields: MessageFields = { flags: response, counts: [0, 1, 0, 0] };
    const read = dissect(message(fields, record(1, [192, 0, 2, 1], name("b.test"))));
    expect([read.queryName, read.queryType, read.queryClass]).toEqual(["", "", ""]);
    expect(read.answers).toMatchObject([{ name: "b.test" }]);
  });

  test("is no message without its header", () => {
    const query = message({}, question("a"));
    for (let end = 0; end < 12; end++) expect(dissectDns(query, 0, end)).toBeUndefined();
    expect(dissectDns(query, 0, 12)).toMatchObject({ questionCount: 1, queryName: "" });
  });
});

describe("a message that is cut", () => {
  const answers = [record(1, [192, 0, 2, 1]), record(16, [2, 0x61, 0x62])];
  const fields: MessageFields = { flags: response, counts: [1, 2, 0, 0] };
  const whole = message(fields, question("a.test"), ...answers);

  test("gives what stands before the cut, at each length", () => {
    const wanted = dissect(whole);
    for (let end = 12; end < whole.length; end++) {
      const read = dissectDns(whole, 0, end)!;
      expect(["", "a.test"]).toContain(read.queryName);
      expect(["", "A"]).toContain(read.queryType);
      expect(read.answers).toEqual(wanted.answers.slice(0, read.answers.length));
      expect(read.answers.length).toBe(end < 40 ? 0 : 1);
    }
  });

  test("or announces more records than it has, gives those that are there", () => {
    const greedy = message({ flags: response, counts: [1, 65_535, 65_535, 65_535] });
    const bytes = concat(greedy, whole.subarray(12));
    expect(dissect(bytes).answers).toEqual(dissect(whole).answers as DnsAnswer[]);
    expect(dissect(bytes).answerCount).toBe(65_535);
  });
});

describe("names", () => {
  function nameOf(...labels: readonly Bytes[]): string {
    const parts = labels.map((label) => concat([label.length], label));
    return dissect(message({}, ...parts, [0, 0, 1, 0, 1])).queryName;
  }

  test("of nothing but the root are a dot", () => {
    expect(nameOf()).toBe(".");
  });

  test("escape what would not be read back as the same name", () => {
    expect(nameOf(text("a.b"), text("c\\d"), text("e f"), [0, 127, 255, 0x1b])).toBe(
      "a\\.b.c\\\\d.e\\032f.\\000\\127\\255\\027",
    );
    expect(nameOf(text("_Sip-1*@"))).toBe("_Sip-1*@");
    expect(nameOf(text("ü"))).toBe("\\195\\188");
  });

  test("may have 255 bytes and not more", () => {
    const label = new Uint8Array(63).fill(0x61);
    const longest = [label, label, label, label.subarray(0, 61)];
    expect(nameOf(...longest)).toHaveLength(253);
    const parts = [label, label, label, label.subarray(0, 62)];
    expect(nameOf(...parts)).toBe("");
    const bytes = message(
      {},
      ...parts.map((part) => concat([part.length], part)),
      [0, 0, 15, 0, 1],
    );
    expect(dissect(bytes)).toMatchObject({ queryName: "", queryType: "MX" });
  });

  test("go on where a pointer leads", () => {
    const owner = concat([3], text("www"), [0xc0, 14]);
    expect(answerOf(1, [192, 0, 2, 1], owner).name).toBe("www.test");
    expect(dataOf(5, concat([1], text("b"), [0xc0, 12]))).toBe("b.a.test");
  });

  test("count their pointers from the start of the message, wherever it lies", () => {
    const bytes = message({ counts: [1, 1, 0, 0] }, question("a.test"), record(1, [1, 2, 3, 4]));
    const shifted = concat(new Uint8Array(77).fill(0xc0), bytes, [0xc0, 0xc0]);
    expect(dissectDns(shifted, 77, 77 + bytes.length)).toEqual(dissect(bytes));
  });

  test("whose pointers lead in a circle, forwards or out of the message are given up", () => {
    for (const pointer of [24, 25, 26, 200, 0x3fff]) {
      const owner = uint16(0xc000 | pointer);
      expect(answerOf(1, [192, 0, 2, 1], owner)).toMatchObject({ name: "", data: "192.0.2.1" });
    }
    // Two pointers that lead to each other: the first of them leads forwards.
    const [first, second] = [
      record(1, [1, 2, 3, 4], uint16(0xc022)),
      record(1, [5, 6, 7, 8], [0xc0, 19]),
    ];
    const bytes = message({ counts: [1, 2, 0, 0] }, question("a"), first, second);
    expect(dissect(bytes).answers.map((answer) => answer.name)).toEqual(["", ""]);
  });

  test("end with the data that they stand in, though a pointer leads to labels across it", () => {
    // The label at 13 is 24 bytes long and ends at the last byte, which begins a pointer.
    const answer = record(5, [0xc0, 13, 0xc0]);
    const bytes = message({ counts: [1, 1, 0, 0] }, question("\u0018.test"), answer);
    const longer = concat(bytes, [12]);
    expect(dissectDns(longer, 0, bytes.length)?.answers[0]?.data).toBe("CNAME (3 bytes)");
  });

  test("are given up behind more pointers than anybody needs", () => {
    // The first answer's data is a row of pointers, each to the one before; the second's name is the last.
    const dataAt = 12 + 7 + 12;
    const pointerTo = (at: number): number[] => uint16(0xc000 | at);
    const nameBehind = (pointers: number): string => {
      const row = [12, ...Array.from({ length: pointers - 2 }, (_, index) => dataAt + 2 * index)];
      const first = record(10, row.flatMap(pointerTo));
      const second = record(1, [1, 2, 3, 4], pointerTo(dataAt + 2 * (pointers - 2)));
      const bytes = message({ counts: [1, 2, 0, 0] }, question("a"), first, second);
      return dissect(bytes).answers[1]?.name ?? "none";
    };
    expect(nameBehind(2)).toBe("a");
    expect(nameBehind(limits.dnsPointersMax)).toBe("a");
    expect(nameBehind(limits.dnsPointersMax + 1)).toBe("");
  });

  test("with a label type that was given up again end the reading", () => {
    for (const type of [0x41, 0x80, 0xbf]) {
      const bytes = message(
        { counts: [1, 1, 0, 0] },
        [1, 0x61, type, 0, 0, 1, 0, 1],
        record(1, [1, 2, 3, 4]),
      );
      expect(dissect(bytes)).toMatchObject({ queryName: "", queryType: "", answers: [] });
    }
  });
});

describe("data of an answer", () => {
  test("of addresses is their text", () => {
    expect(dataOf(1, [192, 0, 2, 1])).toBe("192.0.2.1");
    expect(dataOf(28, hex("20010db8000000000000000000000001"))).toBe("2001:db8::1");
    expect(dataOf(28, hex("00000000000000000000ffffc0000201"))).toBe("::ffff:192.0.2.1");
  });

  test("of names and of numbers with names is both", () => {
    for (const type of [2, 5, 12, 39]) expect(dataOf(type, name("b.test"))).toBe("b.test");
    expect(dataOf(15, concat(uint16(10), name("mx.test")))).toBe("10 mx.test");
    expect(dataOf(33, concat(uint16(1), uint16(2), uint16(5060), name("sip.test")))).toBe(
      "1 2 5060 sip.test",
    );
    const times = [2_026_010_100, 7200, 3600, 604_800, 300].flatMap(uint32);
    expect(dataOf(6, concat(name("ns.test"), name("root.test"), times))).toBe(
      "ns.test root.test 2026010100 7200 3600 604800 300",
    );
    expect(dataOf(5, [0])).toBe(".");
  });

  test("of strings is each in quotes", () => {
    expect(dataOf(16, concat([6], text("v=spf1"), [4], text("-all")))).toBe('"v=spf1" "-all"');
    expect(dataOf(16, concat([6], text('a "b\\c'), [2, 0x07, 0xfc]))).toBe(
      '"a \\"b\\\\c" "\\007\\252"',
    );
    expect(dataOf(99, [0])).toBe('""');
    const flags = concat(uint16(100), uint16(10), [1], text("u"), [7], text("E2U+sip"));
    const rule = "!^.*$!sip:a@x.test!";
    expect(dataOf(35, concat(flags, [rule.length], text(rule), [0]))).toBe(
      `100 10 "u" "E2U+sip" "${rule}" .`,
    );
    expect(dataOf(257, concat([0, 5], text("issue"), text("ca.test")))).toBe('0 issue "ca.test"');
  });

  test("of a service binding is its parameters in short", () => {
    const parameter = (key: number, value: Bytes) =>
      concat(uint16(key), uint16(value.length), value);
    const service = concat(
      concat(uint16(1), [0]),
      parameter(0, [0, 1]),
      parameter(1, concat([2], text("h2"), [2], text("h3"), [2], text("a,"))),
      parameter(2, []),
      parameter(3, uint16(8443)),
      parameter(4, [192, 0, 2, 1, 192, 0, 2, 2]),
      parameter(5, [1, 2, 3]),
      parameter(6, hex("20010db8000000000000000000000001")),
      parameter(65_400, [1]),
    );
    const wanted =
      "1 . mandatory alpn=h2,h3,a\\, no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 " +
      "ech ipv6hint=2001:db8::1 key65400";
    expect(dataOf(65, service)).toBe(wanted);
    expect(dataOf(64, service)).toBe(wanted);
    expect(dataOf(65, concat(uint16(0), name("b.test")))).toBe("0 b.test");
  });

  test.each([
    [1, [1, 2, 3], "A (3 bytes)"],
    [1, [], "A (0 bytes)"],
    [28, [1, 2, 3, 4], "AAAA (4 bytes)"],
    [15, [0, 1], "MX (2 bytes)"],
    [5, [3, 0x61], "CNAME (2 bytes)"],
    [5, [0xc0], "CNAME (1 bytes)"],
    [16, [5, 0x61], "TXT (2 bytes)"],
    [6, [0, 0, 1], "SOA (3 bytes)"],
    [257, [0], "CAA (1 bytes)"],
    [65, [0, 1, 0, 0, 3, 0, 1, 9], "HTTPS (8 bytes)"],
    [65, [0, 1, 0, 0, 4, 0, 3, 9, 9, 9], "HTTPS (10 bytes)"],
    [65, [0, 1, 0, 0, 1, 0, 9], "HTTPS (7 bytes)"],
    [46, [1, 2, 3], "RRSIG (3 bytes)"],
    [65_280, [1, 2, 3], "TYPE65280 (3 bytes)"],
  ])(
    "that is not as its type has it, or of a type not read, is its length: %d %p",
    (type, data, wanted) => {
      expect(dataOf(type, data)).toBe(wanted);
    },
  );

  test("is no longer than the limit", () => {
    const string = concat([255], new Uint8Array(255));
    const long = dataOf(16, concat(...Array.from({ length: 200 }, () => string)));
    expect(long).toHaveLength(limits.dnsDataCharsMax);
    expect(long).toStartWith('"\\000\\000');
  });
});

describe("limits of a message", () => {
  test("answers are told up to their number, and an OPT record behind them is still found", () => {
    const count = limits.dnsAnswersMax + 5;
    const answers = Array.from({ length: count }, (_, index) => record(1, [192, 0, 2, index]));
    const opt = hex("00 0029 04d0 01 00 8000 0000");
    const fields: MessageFields = { flags: response, counts: [1, count, 0, 1] };
    const read = dissect(message(fields, question("a"), ...answers, opt));
    expect(read.answers.map((answer) => answer.data)).toEqual(
      Array.from({ length: limits.dnsAnswersMax }, (_, index) => `192.0.2.${index}`),
    );
    expect([read.answerCount, read.responseCode]).toEqual([count, "BADVERS"]);
  });

  test("records are looked at up to their number", () => {
    const count = limits.dnsRecordsMax;
    const answers = Array.from({ length: count }, () => record(1, [192, 0, 2, 1]));
    const opt = hex("00 0029 04d0 01 00 8000 0000");
    const fields: MessageFields = { flags: response, counts: [1, count, 0, 1] };
    const read = dissect(message(fields, question("a"), ...answers, opt));
    expect(read.responseCode).toBe("NOERROR");
  });
});
