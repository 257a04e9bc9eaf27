/** Detector of RTP and RTCP. */
import { uint16At, uint32At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, type ProbeContext, probeAnswer } from "../detector.ts";

const headerBytes = 12;
const extensionHeaderBytes = 4;
/** Packets that may be lost between two that are compared. */
const sequenceStepMax = 32;
const servicePortMax = 1023;
/** Other ports of services whose packets may look like anything: their payload is sealed or a tunnel's. */
const servicePorts = [1194, 1701, 1812, 1813, 2152, 3478, 4500, 4789, 5060, 5061, 51_820];

const senderReport = 200;
const receiverReport = 201;
const controlTypeMax = 213;

/** In a note: RTP with its sequence number below, or RTCP. Above are bits of the SSRC. */
const notedRtp = 0x1_0000;
const notedRtcp = 0x2_0000;
const sourceMask = 0xfffc_0000;

/**
 * RTP and RTCP (RFC 3550) over UDP. A header is no proof: two packets of one direction must have the
 * same source, and of RTP sequence numbers that follow each other; reports must be well-formed.
 */
export const rtp: Detector = {
  name: "RTP",
  transports: ["udp"],
  portHints: [],
  bytesMin: 8,
  probe(bytes, start, end, context): ProbeAnswer {
    if ((bytes[start] as number) >>> 6 !== 2 || isServicePort(context)) return probeAnswer.no;
    const type = bytes[start + 1] as number;
    const isControl = type >= senderReport && type <= controlTypeMax;
    return isControl
      ? probeControl(bytes, start, end, context)
      : probeMedia(bytes, start, end, context);
  },
};

function isServicePort({ sourcePort, destinationPort }: ProbeContext): boolean {
  if (sourcePort <= servicePortMax || destinationPort <= servicePortMax) return true;
  return servicePorts.includes(sourcePort) || servicePorts.includes(destinationPort);
}

function probeMedia(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  if (!isMediaHeader(bytes, start, end, context.lengthOnWire)) return probeAnswer.no;
  const sequence = uint16At(bytes, start + 2);
  const source = (sourceBits(bytes, start + 8) | notedRtp) >>> 0;
  const { noteHere } = context;
  if ((noteHere & ~0xffff) >>> 0 === source) {
    const step = (sequence - noteHere) & 0xffff;
    if (step > 0 && step <= sequenceStepMax) return probeAnswer.match;
  }
  context.note = (source | sequence) >>> 0;
  return probeAnswer.needMore;
}

/** Section 5.1; payload types 0 to 34 are assigned, 96 to 127 for the asking (RFC 3551 section 6). */
function isMediaHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  lengthOnWire: number,
): boolean {
  if (end - start < headerBytes) return false;
  const first = bytes[start] as number;
  const payloadType = (bytes[start + 1] as number) & 0x7f;
  if (payloadType > 34 && payloadType < 96) return false;
  if (uint32At(bytes, start + 8) === 0) return false;
  let length = headerBytes + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    const at = start + length;
    if (end - at < extensionHeaderBytes) return false;
    length += extensionHeaderBytes + uint16At(bytes, at + 2) * 4;
  }
  return length < lengthOnWire;
}

function probeControl(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  if (!isCompound(bytes, start, end, context.lengthOnWire)) return probeAnswer.no;
  const source = sourceBits(bytes, start + 4);
  const { noteHere } = context;
  if (noteHere !== 0 && (noteHere & sourceMask) >>> 0 === source) return probeAnswer.match;
  // Of two, media are noted: reports of who only listens may come between.
  context.note = (noteHere & notedRtp) !== 0 ? noteHere : (source | notedRtcp) >>> 0;
  return probeAnswer.needMore;
}

/** Section 6.1: a report comes first, and the lengths of all packets add up to that of the datagram. */
function isCompound(bytes: Uint8Array, start: number, end: number, lengthOnWire: number): boolean {
  const type = bytes[start + 1] as number;
  if (type !== senderReport && type !== receiverReport) return false;
  let at = start;
  while (end - at >= 4) {
    const packetType = bytes[at + 1] as number;
    const isControl = packetType >= senderReport && packetType <= controlTypeMax;
    if ((bytes[at] as number) >>> 6 !== 2 || !isControl) return false;
    at += (uint16At(bytes, at + 2) + 1) * 4;
  }
  return at - start === lengthOnWire;
}

/** 14 bits of the SSRC, in the place that a note has for them. */
function sourceBits(bytes: Uint8Array, at: number): number {
  const mixed = Math.imul(uint32At(bytes, at), 0x9e37_79b1);
  return (mixed & sourceMask) >>> 0;
}
