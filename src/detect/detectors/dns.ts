import { uint16At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, probeAnswer, streamPosition } from "../detector.ts";

const headerBytes = 12;
const nameBytesMax = 255;
const dnsPort = 53;
/** Same header, other protocols: NetBIOS name service, multicast DNS, LLMNR. */
const otherPorts = [137, 5353, 5355];

/**
 * DNS (RFC 1035) over UDP and, with a length before each message, TCP (RFC 7766), on any port. Away
 * from port 53 a whole well-formed question is wanted; on it a sane header is enough, so that
 * malformed messages are labelled too.
 */
export const dns: Detector = {
  name: "DNS",
  transports: ["udp", "tcp"],
  portHints: [dnsPort],
  bytesMin: 2,
  probe(bytes, start, end, context): ProbeAnswer {
    if (!context.isTcp) {
      if (otherPorts.some((port) => context.hasPort(port))) return probeAnswer.no;
      return probeMessage(bytes, start, end, context.hasPort(dnsPort));
    }
    if (context.position === streamPosition.later && context.noteHere === 0) return probeAnswer.no;
    const length = uint16At(bytes, start);
    if (context.noteHere !== 0) {
      // The length came in a segment of its own; this one must be the message.
      if (context.lengthOnWire > context.noteHere) return probeAnswer.no;
      return probeMessage(bytes, start, end, context.hasPort(dnsPort));
    }
    if (length < headerBytes) return probeAnswer.no;
    if (end - start > 2) {
      if (length < context.lengthOnWire - 2 && !context.hasPort(dnsPort)) return probeAnswer.no;
      return probeMessage(bytes, start + 2, end, context.hasPort(dnsPort));
    }
    if (!context.hasPort(dnsPort)) return probeAnswer.no;
    context.note = length;
    return probeAnswer.needMore;
  },
};

function probeMessage(bytes: Uint8Array, at: number, end: number, isDnsPort: boolean): ProbeAnswer {
  if (end - at < headerBytes || !isHeader(bytes, at, isDnsPort)) return probeAnswer.no;
  if (isDnsPort) return probeAnswer.match;
  return isQuestion(bytes, at + headerBytes, end) ? probeAnswer.match : probeAnswer.no;
}

/** RFC 1035 section 4.1.1; opcodes up to 6 (RFC 8490); the reserved bit must be 0. */
function isHeader(bytes: Uint8Array, at: number, isDnsPort: boolean): boolean {
  const flags = uint16At(bytes, at + 2);
  const isResponse = (flags & 0x8000) !== 0;
  const opcode = (flags >>> 11) & 0x0f;
  if (opcode > 6 || (flags & 0x0040) !== 0) return false;
  const questions = uint16At(bytes, at + 4);
  const answers = uint16At(bytes, at + 6);
  const authorities = uint16At(bytes, at + 8);
  const additionals = uint16At(bytes, at + 10);
  // An UPDATE (opcode 5) reuses the counts: prerequisites and updates.
  if (!isResponse && opcode !== 5 && answers > (isDnsPort ? 64 : 1)) return false;
  if (questions > (isDnsPort ? 64 : 1)) return false;
  if (!isDnsPort && (questions !== 1 || opcode === 3)) return false;
  // A sender that fills the counts with noise is not a resolver: 64 KiB hold no more records.
  return answers <= 4096 && authorities <= 4096 && additionals <= 4096;
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
