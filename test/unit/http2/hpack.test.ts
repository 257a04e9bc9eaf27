/** HPACK against the examples of RFC 7541 Appendix C, and what is none. */
import { describe, expect, test } from "bun:test";
import { HeaderDecoder } from "../../../src/http2/header-decoder.ts";
import { encodeHeaders } from "../../../src/http2/header-encoder.ts";
import { decodeHuffman, huffmanRoom } from "../../../src/http2/huffman.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const decoder = (tableBytesMax = 4096, listBytesMax = 16_384) =>
  new HeaderDecoder({ tableBytesMax, listBytesMax });

function fieldsOf(block: string, own = decoder()): string[] | string {
  const decoded = own.decode(hex(block));
  if (typeof decoded === "string") return decoded;
  return decoded.fields.map(([name, value]) => `${name}: ${value}`);
}

const requests = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
  ],
  [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ],
];

const date = "Mon, 21 Oct 2013 20:13:21 GMT";
const responses = [
  [":status: 302", "cache-control: private", `date: ${date}`, "location: https://www.example.com"],
  [":status: 307", "cache-control: private", `date: ${date}`, "location: https://www.example.com"],
  [
    ":status: 200",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:22 GMT",
    "location: https://www.example.com",
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ],
];

describe("the examples of RFC 7541", () => {
  test("C.2: fields one by one", () => {
    expect(fieldsOf("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")).toEqual([
      "custom-key: custom-header",
    ]);
    expect(fieldsOf("040c 2f73 616d 706c 652f 7061 7468")).toEqual([":path: /sample/path"]);
    expect(fieldsOf("1008 7061 7373 776f 7264 0673 6563 7265 74")).toEqual(["password: secret"]);
    expect(fieldsOf("82")).toEqual([":method: GET"]);
  });

  test("C.3: requests one after the other", () => {
    const own = decoder();
    const blocks = [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    expect(blocks.map((block) => fieldsOf(block, own))).toEqual(requests);
  });

  test("C.4: the same in the Huffman code", () => {
    const own = decoder();
    const blocks = [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    expect(blocks.map((block) => fieldsOf(block, own))).toEqual(requests);
  });

  test("C.6: responses with a table of 256 bytes, from which entries are evicted", () => {
    const own = decoder(256);
    const blocks = [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
       919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
       821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
       4ee5 b106 3d50 07`,
    ];
    expect(blocks.map((block) => fieldsOf(block.replaceAll(/\s/g, ""), own))).toEqual(responses);
  });
});

describe("a block that is none is named", () => {
  const cases: [string, string, string][] = [
    ["an index of no entry", "be", "an index of no entry"],
    ["index 0", "80", "an index of no entry"],
    ["a name of no entry", "7f8001 0161", "an index of no entry"],
    ["a number without its end", "ff80", "a block that ends in a number"],
    ["a number above 2^28", "ffffffffff7f", "a number that is too large"],
    ["a text behind the end", "000561", "a text that is longer than its block"],
    ["no text at all", "00", "a block that ends before a text"],
    ["a text with padding of 0", "008118 0161", "a text that is not in the Huffman code"],
    ["a text with the end symbol", "0084ffffffff 0161", "a text that is not in the Huffman code"],
    ["a table size behind a field", "8220", "a table size update behind a field"],
    ["a table size above the setting", "3fe21f", "a table size above the setting"],
  ];
  for (const [name, block, reason] of cases) {
    test(name, () => {
      expect(fieldsOf(block)).toBe(reason);
    });
  }
});

describe("the table", () => {
  test("may be made smaller and larger again at the beginning of a block", () => {
    const own = decoder();
    expect(fieldsOf("400161 0162", own)).toEqual(["a: b"]);
    expect(fieldsOf("20 3fe11f 82", own)).toEqual([":method: GET"]);
    expect(fieldsOf("be", own)).toBe("an index of no entry");
  });

  test("is emptied by an entry that is larger than it", () => {
    const own = decoder(100);
    expect(fieldsOf("400161 0162", own)).toEqual(["a: b"]);
    const long = `400161 7f00${"63".repeat(127)}`;
    expect(fieldsOf(long, own)).toEqual([`a: ${"c".repeat(127)}`]);
    expect(fieldsOf("be", own)).toBe("an index of no entry");
  });
});

test("a list above its limit is cut, and the table knows all of it", () => {
  const own = decoder(4096, 100);
  const block = hex("400161 0162 400163 0164 400165 0166 400167 0168");
  const decoded = own.decode(block);
  expect(typeof decoded === "object" && decoded.isTooLong && decoded.fields.length).toBe(2);
  expect(fieldsOf("bec1", own)).toEqual(["g: h", "a: b"]);
});

test("every byte and any padding of 1 comes out of the Huffman code", () => {
  // 'a' is 00011: one symbol and three bits of padding.
  const output = Buffer.alloc(huffmanRoom(4));
  expect(decodeHuffman(hex("1f"), 0, 1, output)).toBe(1);
  expect(output[0]).toBe(0x61);
  // Eight bits of padding are one too many.
  expect(decodeHuffman(hex("1fff"), 0, 2, output)).toBe(-1);
});

test("what is encoded is decoded", () => {
  const fields = [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-message", "x".repeat(5000)],
    ["x-api-key", "secret"],
    ["a-bin", "\x00\xff"],
  ] as const;
  const decoded = decoder().decode(encodeHeaders(fields));
  expect(typeof decoded === "object" && decoded.fields).toEqual(fields.map(([a, b]) => [a, b]));
});
