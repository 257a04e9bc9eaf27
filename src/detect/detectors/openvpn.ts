/** Detector of OpenVPN. */
import { uint16At, uint32At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, type ProbeContext, probeAnswer } from "../detector.ts";

const port = 1194;
/** Opcodes of OpenVPN's wire protocol (upper five bits of the first byte). */
const opcode = {
  clientReset1: 1,
  serverReset1: 2,
  softReset: 3,
  control: 4,
  ack: 5,
  data1: 6,
  clientReset2: 7,
  serverReset2: 8,
  data2: 9,
  clientReset3: 10,
} as const;
const sessionEnd = 9;
/** Bytes of the HMAC with --tls-auth: none, MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. */
const hmacBytes = [0, 16, 20, 28, 32, 48, 64];
/** Number and time that come with an HMAC, against replay. */
const replayBytes = 8;
const acksMax = 8;
/** The first byte, the session, number and time, a tag: what --tls-crypt leaves in the clear. */
const cryptHeaderBytes = 1 + 8 + replayBytes + 32;
/** Packets of the data channel on the usual port that agree, before a missed beginning is believed. */
const dataPacketsWanted = 6;

/**
 * OpenVPN over UDP and, with a 16-bit length before each packet, TCP: the control channel in its plain,
 * --tls-auth and --tls-crypt forms. The data channel alone is believed on the usual port only.
 */
export const openvpn: Detector = {
  name: "OpenVPN",
  transports: ["udp", "tcp"],
  portHints: [port],
  bytesMin: 14,
  probe(bytes, start, end, context): ProbeAnswer {
    let at = start;
    let length = context.lengthOnWire;
    if (context.isTcp) {
      length = uint16At(bytes, start);
      at += 2;
      if (length + 2 > context.lengthOnWire) return probeAnswer.no;
    }
    const first = bytes[at] as number;
    const code = first >>> 3;
    if (code < 1 || code > opcode.clientReset3 || end - at < 14) return probeAnswer.no;
    if (code === opcode.data1 || code === opcode.data2) return probeData(bytes, at, context);
    // Key ids other than 0 begin with a soft reset, long after the start.
    if ((first & 7) !== 0 && code !== opcode.softReset) return probeAnswer.no;
    return probeControl(bytes, at, end, at + length, context);
  },
};

/**
 * A packet of the control channel whose fields add up in one of the known forms is proof by itself
 * where they are in the clear. With --tls-crypt only lengths and numbers are: there the answer of
 * the other side must fit too.
 */
function probeControl(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  context: ProbeContext,
): ProbeAnswer {
  if (uint32At(bytes, at + 1) === 0 && uint32At(bytes, at + 5) === 0) return probeAnswer.no;
  const code = (bytes[at] as number) >>> 3;
  for (const hmac of hmacBytes) {
    if (isPlainControl(bytes, at, end, wireEnd, hmac)) return probeAnswer.match;
  }
  const length = wireEnd - at;
  const isClient = code === opcode.clientReset2 || code === opcode.clientReset3;
  if (length < cryptHeaderBytes + 5 || !isReplayField(bytes, at + sessionEnd, end)) {
    return probeAnswer.no;
  }
  const isSize = code === opcode.clientReset2 ? length <= cryptHeaderBytes + 5 : length <= 1200;
  if (isClient && isSize) {
    context.note = code;
    return probeAnswer.needMore;
  }
  const isAnswer = code === opcode.serverReset2 && context.noteThere >= opcode.clientReset2;
  return isAnswer && length <= 160 ? probeAnswer.match : probeAnswer.no;
}

/**
 * The fields behind the session id: HMAC and replay field, then up to eight acknowledged packet ids
 * with the other side's session id, then the packet's own id, then (not in a reset) TLS.
 */
function isPlainControl(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  hmac: number,
): boolean {
  const code = (bytes[at] as number) >>> 3;
  let index = at + sessionEnd;
  if (hmac > 0) {
    if (!isReplayField(bytes, index + hmac, end)) return false;
    index += hmac + replayBytes;
  }
  if (index >= end) return false;
  const acks = bytes[index++] as number;
  if (acks > acksMax || (acks === 0 && code === opcode.ack)) return false;
  for (let ack = 0; ack < acks; ack++, index += 4) {
    if (end - index < 4 || uint32At(bytes, index) > 0xffff) return false;
  }
  if (acks > 0) {
    if (end - index < 8 || uint32At(bytes, index) === 0) return false;
    index += 8;
  }
  if (code === opcode.ack) return index === wireEnd;
  if (end - index < 4) return false;
  const packetId = uint32At(bytes, index);
  index += 4;
  if (code === opcode.control) return packetId <= 0xffff && isTlsRecord(bytes, index, end);
  return packetId === 0 && index === wireEnd && isResetFit(code, acks, hmac);
}

/** A client's first packet has nothing to acknowledge. */
function isResetFit(code: number, acks: number, hmac: number): boolean {
  const isClient = code === opcode.clientReset1 || code === opcode.clientReset2;
  if (isClient) return acks === 0;
  const isServer = code === opcode.serverReset1 || code === opcode.serverReset2;
  return isServer && (acks > 0 || hmac > 0);
}

/** A number that grows from 1 (from 0x0f000001 in newer clients) and the seconds since 1970. */
function isReplayField(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < replayBytes) return false;
  const number = uint32At(bytes, at) & 0xf0ff_ffff;
  return number > 0 && number <= 0xffff && uint32At(bytes, at + 4) >= 0x3000_0000;
}

function isTlsRecord(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 6) return false;
  const type = bytes[at] as number;
  return type >= 20 && type <= 23 && bytes[at + 1] === 3 && (bytes[at + 2] as number) <= 4;
}

/** The data channel has only its first byte in the clear, and in version 2 a peer id. */
function probeData(bytes: Uint8Array, at: number, context: ProbeContext): ProbeAnswer {
  if (!context.hasPort(port)) return probeAnswer.no;
  // The note is the first byte with the number of packets that began with it.
  const first = bytes[at] as number;
  const seen = context.noteHere >>> 8 > 0 && (context.noteHere & 0xff) === first;
  const count = seen ? (context.noteHere >>> 8) + 1 : 1;
  const isBothWays = (context.noteThere & 0xff) === first && context.noteThere >>> 8 > 0;
  if (count >= dataPacketsWanted || (isBothWays && count >= dataPacketsWanted / 2)) {
    return probeAnswer.match;
  }
  context.note = (count << 8) | first;
  return probeAnswer.needMore;
}
