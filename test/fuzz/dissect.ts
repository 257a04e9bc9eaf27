import { limits } from "../../src/config/limits.ts";
import { dissectDns } from "../../src/dissect/dns.ts";
import { HelloAssembler } from "../../src/dissect/hello-assembler.ts";
import { dissectHttp } from "../../src/dissect/http.ts";
import { dissectRtp } from "../../src/dissect/rtp.ts";
import { dissectSip } from "../../src/dissect/sip.ts";
import { dissectTlsHello } from "../../src/dissect/tls-hello.ts";
import { captureFiles, sharedCaptures } from "../support/captures.ts";
import { capturesFolder } from "../support/expected-flows.ts";
import { concat, hex, text, uint16 } from "../support/packets.ts";
import { readPayloads } from "../support/payloads.ts";
import { clientHello, extension, serverHello, tlsRecords } from "../support/tls-hellos.ts";
import { check, type Fuzzer, type KeepInput, type Random, runRounds, surround } from "./fuzzer.ts";

type Dissector = (bytes: Uint8Array, start: number, end: number) => object | undefined;

const dissectors: readonly (readonly [name: string, dissect: Dissector])[] = [
  ["TLS", dissectTlsHello],
  ["HTTP", dissectHttp],
  ["DNS", dissectDns],
  ["SIP", dissectSip],
  ["RTP", dissectRtp],
];

const payloadsPerFile = 60;
const folders = [capturesFolder, sharedCaptures()].filter((folder) => folder !== undefined);
const corpus: readonly Uint8Array[] = folders
  .flatMap(captureFiles)
  .flatMap((path) => readPayloads(path).slice(0, payloadsPerFile))
  .map(({ bytes, start, end }) => bytes.subarray(start, end));

/** What the captures do not have, to lead a mutation deep into a dissector. */
const seeds: readonly Uint8Array[] = [
  text("CONNECT a:443 HTTP/1.1\r\nHost: b\r\nUser-Agent: c\r\n d\r\n\te\r\n\r\n"),
  text("GET http://u:p@h/x?y HTTP/1.0\nHost:\n\n"),
  text("HTTP/1.1 200\r\nContent-Type: text/\u009b31m\u202e\r\n\r\n"),
  // Pointers: to themselves, forwards, backwards, in a chain; labels of types that were given up.
  hex(
    "0001 8180 0001 0003 0000 0000 016103777777 00 0001 0001 c00c 0005 0001 00000000 0002 c021 c02f",
  ),
  hex("0002 8400 0000 0001 0000 0001 c00c 0041 0001 00000e10 0009 0001 00 0003 0002 20fb 0000"),
  hex("0003 8583 0001 0000 0001 0001 00 0006 0001 00 0029 04d0 01 00 8000 0000 41 0102"),
  concat(
    hex("15030300020170 140303000101"),
    tlsRecords(serverHello({ cipherSuites: [0x1301], extensions: [extension(43, [3, 4])] }), 20),
  ),
];

/** Longest text of any dissector, in UTF-16 units: a name of DNS, all of it escaped. */
const textCharsMax = 4 * limits.dnsNameBytesMax + 64;
/** And the most items of a list; no answer has as many fields. */
const listItemsMax = Math.max(limits.dnsAnswersMax, limits.tlsAlpnMax, limits.sipMediaMax);

/** Dissectors: pure, bounded and of safe text on any payload; hellos in pieces are the hellos whole. */
export const dissectFuzzer: Fuzzer = {
  name: "dissect",
  run(seed, rounds) {
    runRounds("dissect", seed, rounds, (random, keep) => {
      const payload = makePayload(random);
      for (const [name, dissect] of dissectors)
        checkDissector(random, name, dissect, payload, keep);
      checkAssembler(random, keep);
    });
  },
};

function makePayload(random: Random): Uint8Array {
  if (random.isChance(10)) return random.bytes(random.below(300));
  const original = random.pick(random.isChance(80) ? corpus : seeds);
  return random.isChance(85) ? random.mutate(original) : original;
}

function checkDissector(
  random: Random,
  name: string,
  dissect: Dissector,
  payload: Uint8Array,
  keep: KeepInput,
): void {
  keep(payload);
  const ask = (bytes: Uint8Array, start: number, end: number): string => {
    const answer = dissect(bytes, start, end);
    checkValue(name, answer);
    return JSON.stringify(answer) ?? "";
  };
  // What was cut off is the best bait for a read past the end.
  const cut = random.below(payload.length + 1);
  const inPlace = ask(payload, 0, cut);
  const alone = ask(payload.slice(0, cut), 0, cut);
  check(inPlace === alone, `${name} reads past ${cut}: ${inPlace} and ${alone}`);
  const first = ask(payload, 0, payload.length);
  const offset = random.between(1, 40);
  for (const filler of [0x00, 0xff, 0x0a, 0xc0]) {
    const second = ask(surround(payload, offset, filler), offset, offset + payload.length);
    check(first === second, `${name} is not pure: ${first} and ${second}`);
  }
}

/** Texts are well-formed, without controls, and bounded; numbers are; lists are short. */
function checkValue(name: string, value: unknown): void {
  if (typeof value === "string") {
    check(value.isWellFormed(), `${name} answers halves of characters: ${JSON.stringify(value)}`);
    check(!/\p{Cc}|\p{Bidi_Control}/u.test(value), `${name} answers ${JSON.stringify(value)}`);
    check(value.length <= textCharsMax, `${name} answers ${value.length} characters`);
  } else if (typeof value === "number") {
    const isCount = Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
    check(isCount, `${name} answers ${value}`);
  } else if (typeof value === "object" && value !== null) {
    const items = Object.values(value);
    check(items.length <= listItemsMax, `${name} answers ${items.length} things`);
    for (const item of items) checkValue(name, item);
  }
}

/** A hello in several records and segments, which come late, twice and overlapping. */
function checkAssembler(random: Random, keep: KeepInput): void {
  const padding = extension(21, random.bytes(random.below(3000)));
  const name = concat([0], uint16(9), text("a.example"));
  const hello = clientHello({
    cipherSuites: [0x1301, random.below(65_536)],
    extensions: [extension(0, concat(uint16(name.length), name)), padding],
  });
  const stream = tlsRecords(hello, random.between(40, 4000));
  keep(stream);
  const wanted = JSON.stringify(dissectTlsHello(stream, 0, stream.length));
  check(wanted.includes("a.example"), `a whole hello is read as ${wanted}`);
  const firstSequence = random.uint32();
  const assembler = new HelloAssembler(random.between(1, 3));
  const answers: string[] = [];
  for (const [start, end] of cutInPieces(random, stream.length)) {
    const sequence = (firstSequence + start) >>> 0;
    const range = assembler.add("c", sequence, stream, start, end);
    if (range === undefined) continue;
    answers.push(JSON.stringify(dissectTlsHello(range.bytes, range.start, range.end)));
    break;
  }
  check(answers[0] === wanted, `in pieces ${answers[0]}, whole ${wanted}`);
  check(assembler.size === 0, "a hello that was answered is kept");
}

/** Ranges that together are the stream: the first comes first, neighbours behind it may change places. */
function cutInPieces(random: Random, length: number): [number, number][] {
  const pieces: [number, number][] = [];
  for (let at = 0; at < length; ) {
    const end = Math.min(length, at + random.between(6, 1500));
    pieces.push([Math.max(0, at - (random.isChance(20) ? random.below(30) : 0)), end]);
    if (random.isChance(10)) pieces.push([at, end]);
    at = end;
  }
  for (let index = 1; index + 1 < pieces.length; index++) {
    if (!random.isChance(20)) continue;
    const [one, other] = [pieces[index], pieces[index + 1]];
    if (one !== undefined && other !== undefined) pieces.splice(index, 2, other, one);
  }
  return pieces;
}
