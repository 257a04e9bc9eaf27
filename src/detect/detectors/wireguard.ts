/** Detector of WireGuard. */
import { uint32At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, type ProbeContext, probeAnswer } from "../detector.ts";

const port = 51_820;
const initiation = 1;
const response = 2;
const cookieReply = 3;
const data = 4;
const initiationBytes = 148;
const responseBytes = 92;
const cookieReplyBytes = 64;
/** Header, counter and tag of an empty data packet. */
const dataBytesMin = 32;

/**
 * WireGuard (wireguard.com/protocol): four message types, three zero bytes, and exact lengths. Data
 * packets are believed when a second one in their direction goes to the same receiver.
 */
export const wireguard: Detector = {
  name: "WireGuard",
  transports: ["udp"],
  portHints: [port],
  bytesMin: dataBytesMin,
  probe(bytes, start, end, context): ProbeAnswer {
    const type = bytes[start] as number;
    if (type < initiation || type > data) return probeAnswer.no;
    const isZero = bytes[start + 1] === 0 && bytes[start + 2] === 0 && bytes[start + 3] === 0;
    // Some providers route by the reserved bytes; handshakes to the usual port may have them set.
    if (!isZero && (type === data || !context.hasPort(port))) return probeAnswer.no;
    const length = context.lengthOnWire;
    if (type === initiation) return answer(length === initiationBytes && isIndex(bytes, start + 4));
    if (type === response) {
      return answer(
        length === responseBytes && isIndex(bytes, start + 4) && isIndex(bytes, start + 8),
      );
    }
    if (type === cookieReply) {
      return answer(length === cookieReplyBytes && isIndex(bytes, start + 4));
    }
    return probeData(bytes, start, end, context);
  },
};

function answer(isMatch: boolean): ProbeAnswer {
  return isMatch ? probeAnswer.match : probeAnswer.no;
}

/** Indices are random: two of the four bytes at zero are still likely in a small peer. */
function isIndex(bytes: Uint8Array, at: number): boolean {
  return uint32At(bytes, at) !== 0;
}

function probeData(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  // Plaintext is padded to 16 bytes; the counter is little-endian and far from its upper half.
  if (end - start < 16 || (context.lengthOnWire - dataBytesMin) % 16 !== 0) return probeAnswer.no;
  const receiver = uint32At(bytes, start + 4);
  if (receiver === 0 || uint32At(bytes, start + 12) !== 0) return probeAnswer.no;
  if (context.noteHere === receiver) return probeAnswer.match;
  context.note = receiver;
  return probeAnswer.needMore;
}
