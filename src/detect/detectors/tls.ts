/** Detector of TLS and SSL. */
import {
  type Detector,
  type ProbeAnswer,
  type ProbeContext,
  probeAnswer,
  streamPosition,
} from "../detector.ts";

const handshake = 22;
/** Payload of a record with the expansion that RFC 5246 section 6.2.3 allows. */
const recordBytesMax = 16_384 + 2048;
const headerBytes = 5;

/**
 * TLS 1.0 to 1.3 and SSL 3 over TCP (RFC 8446 section 5.1, RFC 5246, RFC 6101), and the SSL 2 form of
 * ClientHello (RFC 5246 appendix E.2). A conversation that switches to TLS later on (STARTTLS) is
 * the protocol that it began as.
 */
export const tls: Detector = {
  name: "TLS",
  transports: ["tcp"],
  portHints: [443, 8443, 853, 993, 995, 465, 636, 989, 990, 5061],
  bytesMin: 1,
  probe(bytes, start, end, context): ProbeAnswer {
    if (context.noteHere !== 0 && context.noteHere < headerBytes + 1) {
      return probeSplitHello(bytes, start, end, context);
    }
    if (context.position === streamPosition.later) return probeAnswer.no;
    const type = bytes[start] as number;
    if (type >= 0x80) return probeSsl2Hello(bytes, start, end, context);
    if (type < 20 || type > 23) return probeAnswer.no;
    if (end - start <= headerBytes) return probeSplitHello(bytes, start, end, context);
    if (!isRecordHeader(bytes, start)) return probeAnswer.no;
    return probeRecord(bytes, start, end, context);
  },
};

function isRecordHeader(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at] as number;
  if (type < 20 || type > 23 || bytes[at + 1] !== 3 || (bytes[at + 2] as number) > 4) return false;
  const length = recordLength(bytes, at);
  if (length === 0 || length > recordBytesMax) return false;
  if (type === 20) return length === 1;
  return type !== 21 || length === 2 || length >= 16;
}

function recordLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
}

function probeRecord(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  // After the hellos come certificates and key exchanges, in the clear or encrypted.
  const isStart = bytes[start] === handshake && isHello(bytes, start, end);
  return isStart ? probeAnswer.match : probeChain(bytes, start, end, context);
}

/** ClientHello or ServerHello at the start of the record at `at`. */
function isHello(bytes: Uint8Array, at: number, end: number): boolean {
  const type = bytes[at + 5];
  if (type !== 1 && type !== 2) return false;
  if (end - at < 11) return recordLength(bytes, at) >= 42;
  const length =
    ((bytes[at + 6] as number) << 16) |
    ((bytes[at + 7] as number) << 8) |
    (bytes[at + 8] as number);
  // A hello is at least version, random and an empty session id; clients stay far below 128 KiB.
  return length >= 38 && length < 131_072 && bytes[at + 9] === 3 && (bytes[at + 10] as number) <= 4;
}

/**
 * The middle of a stream: records that follow each other. Records that end exactly where the packet
 * ends, or two headers, are proof; one header of a record that goes on is noted and must be
 * confirmed by a later packet.
 */
function probeChain(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  let at = start;
  let records = 0;
  while (end - at >= headerBytes) {
    if (!isRecordHeader(bytes, at)) return probeAnswer.no;
    // All records of a connection carry one version after the hellos.
    if (bytes[at + 2] !== bytes[start + 2]) return probeAnswer.no;
    at += headerBytes + recordLength(bytes, at);
    records++;
  }
  if (records >= 2 || at === start + context.lengthOnWire) return probeAnswer.match;
  const noted = 0x100 | (bytes[start + 2] as number);
  if (context.noteHere === noted || context.noteThere === noted) return probeAnswer.match;
  context.note = noted;
  return probeAnswer.needMore;
}

/**
 * A record header that came in pieces of less than six bytes; the note is how many were seen. The
 * first piece may be one byte long (some senders flush the first byte alone).
 */
function probeSplitHello(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  const seen = context.noteHere;
  if (seen === 0 && context.position !== streamPosition.start) return probeAnswer.no;
  let index = seen;
  for (let at = start; at < end && index <= headerBytes; at++, index++) {
    if (!isHelloByte(bytes[at] as number, index)) return probeAnswer.no;
  }
  if (index > headerBytes) return probeAnswer.match;
  context.note = index;
  return probeAnswer.needMore;
}

/** Byte `index` of a record header with a hello behind it. */
function isHelloByte(byte: number, index: number): boolean {
  switch (index) {
    case 0:
      return byte === handshake;
    case 1:
      return byte === 3;
    case 2:
      return byte <= 4;
    case 3:
      return byte <= recordBytesMax >> 8;
    case 4:
      return true;
    default:
      return byte === 1 || byte === 2;
  }
}

function probeSsl2Hello(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  if (end - start < 11) return probeAnswer.no;
  const length = (((bytes[start] as number) & 0x7f) << 8) | (bytes[start + 1] as number);
  const major = bytes[start + 3] as number;
  const minor = bytes[start + 4] as number;
  if (bytes[start + 2] !== 1 || length + 2 !== context.lengthOnWire) return probeAnswer.no;
  if (!((major === 3 && minor <= 3) || (major === 0 && minor === 2))) return probeAnswer.no;
  const ciphers = ((bytes[start + 5] as number) << 8) | (bytes[start + 6] as number);
  const session = ((bytes[start + 7] as number) << 8) | (bytes[start + 8] as number);
  const challenge = ((bytes[start + 9] as number) << 8) | (bytes[start + 10] as number);
  const isWhole = 9 + ciphers + session + challenge === length;
  return isWhole && ciphers % 3 === 0 && ciphers > 0 ? probeAnswer.match : probeAnswer.no;
}
