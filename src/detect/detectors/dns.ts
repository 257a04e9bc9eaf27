/** Detector of DNS. */
import { uint16At } from "../../packet/layers.ts";
import {
  type Detector,
  type ProbeAnswer,
  type ProbeContext,
  probeAnswer,
  streamPosition,
} from "../detector.ts";

const headerBytes = 12;
const nameBytesMax = 255;
const update = 5;
const opcodeMax = 6;
/** Counts beyond these are noise: 64 KiB hold no more records. */
const recordsMax = 4096;
const portQuestionsMax = 64;
const dnsPort = 53;
/** Same header, other protocols: NetBIOS name service, multicast DNS, LLMNR. */
const otherPorts = [137, 5353, 5355];

/** A noted query: its id with this bit, so that a note is never 0. */
const noted = 0x1_0000;
/** A noted length of a message to come in the next segment. */
const notedLength = 0x2_0000;

/**
 * DNS (RFC 1035) over UDP and, with a length before each message, TCP (RFC 7766). On port 53 a sane header
 * or a well-formed question is enough, so that malformed messages are labelled too; on other ports
 * a well-formed query and its answer, with the same id, are wanted.
 */
export const dns: Detector = {
  name: "DNS",
  transports: ["udp", "tcp"],
  portHints: [dnsPort],
  bytesMin: 2,
  probe(bytes, start, end, context): ProbeAnswer {
    if (!context.isTcp) {
      if (otherPorts.some((port) => context.hasPort(port))) return probeAnswer.no;
      return probeMessage(bytes, start, end, context);
    }
    // The length came in a segment of its own; this one must be the message.
    if (context.noteHere >= notedLength) {
      const isMessage = context.lengthOnWire <= context.noteHere - notedLength;
      return isMessage ? probeMessage(bytes, start, end, context) : probeAnswer.no;
    }
    if (context.position === streamPosition.later) return probeAnswer.no;
    const length = uint16At(bytes, start);
    if (length < headerBytes) return probeAnswer.no;
    if (end - start > 2) {
      if (length < context.lengthOnWire - 2 && !context.hasPort(dnsPort)) return probeAnswer.no;
      return probeMessage(bytes, start + 2, end, context);
    }
    if (!context.hasPort(dnsPort)) return probeAnswer.no;
    context.note = notedLength + length;
    return probeAnswer.needMore;
  },
};

function probeMessage(
  bytes: Uint8Array,
  at: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  if (end - at < headerBytes) return probeAnswer.no;
  const body = at + headerBytes;
  if (context.hasPort(dnsPort)) {
    const isDns = isPortHeader(bytes, at) || isQuestion(bytes, body, end);
    return isDns ? probeAnswer.match : probeAnswer.no;
  }
  if (!isFlags(bytes, at) || !isCounts(bytes, at)) return probeAnswer.no;
  if (!isQuestion(bytes, body, end)) return probeAnswer.no;
  const isResponse = (bytes[at + 2] as number) >= 0x80;
  const id = noted | uint16At(bytes, at);
  if (isResponse && context.noteThere === id) return probeAnswer.match;
  if (isResponse) return probeAnswer.no;
  context.note = id;
  return probeAnswer.needMore;
}

/** RFC 1035 section 4.1.1: opcodes up to 6 (RFC 8490) and the reserved bit 0. */
function isFlags(bytes: Uint8Array, at: number): boolean {
  const flags = uint16At(bytes, at + 2);
  return ((flags >>> 11) & 0x0f) <= opcodeMax && (flags & 0x0040) === 0;
}

/** Counts that a message can hold: one question, and records that fit into 64 KiB. */
function isCounts(bytes: Uint8Array, at: number): boolean {
  const flags = uint16At(bytes, at + 2);
  const isQuery = (flags & 0x8000) === 0;
  const answers = uint16At(bytes, at + 6);
  // An UPDATE reuses the counts for prerequisites and updates.
  if (isQuery && ((flags >>> 11) & 0x0f) !== update && answers > 1) return false;
  const most = Math.max(answers, uint16At(bytes, at + 8), uint16At(bytes, at + 10));
  return uint16At(bytes, at + 4) === 1 && most <= recordsMax;
}

/** What is believed on port 53: flags and a small number of questions, whatever comes behind. */
function isPortHeader(bytes: Uint8Array, at: number): boolean {
  const questions = uint16At(bytes, at + 4);
  if (!isFlags(bytes, at)) return false;
  return questions === 0 ? uint16At(bytes, at + 6) <= recordsMax : questions <= portQuestionsMax;
}

/** One question: a name of labels, an assigned type and class. */
function isQuestion(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const length = bytes[at] as number;
    if (length === 0) break;
    if (length > 63 || at + length >= end) return false;
    if (!isLabel(bytes, at + 1, at + 1 + length)) return false;
    at += length + 1;
    if (at - start > nameBytesMax) return false;
  }
  if (end - at < 5) return false;
  const type = uint16At(bytes, at + 1);
  // The top bit of the class is a matter of multicast DNS alone.
  const dnsClass = uint16At(bytes, at + 3);
  const isType = (type >= 1 && type <= 110 && type !== 32) || (type >= 249 && type <= 260);
  const isClass = dnsClass === 1 || dnsClass === 3 || dnsClass === 4 || dnsClass >= 254;
  return isType && isClass && dnsClass <= 255;
}

/** Names are text by use (RFC 1035 section 2.3.1), with UTF-8 and escapes in the wild. */
function isLabel(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) < 0x20) return false;
  return true;
}
