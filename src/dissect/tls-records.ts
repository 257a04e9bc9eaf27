/** Finds a TLS hello in the records at the beginning of a stream. */
import { limits } from "../config/limits.ts";

const changeCipherSpec = 20;
const alert = 21;
const handshake = 22;
const recordHeaderBytes = 5;
const messageHeaderBytes = 4;
/** Header of a hello, and its version. */
const openingBytes = messageHeaderBytes + 2;
/** Payload of a record in the clear (RFC 8446 section 5.1). */
const recordBytesMax = 16_384;
/** Version, random, and an empty session id: what a hello has at least. */
const helloBytesMin = 35;

export const helloType = { client: 1, server: 2 } as const;

/** A hello without its headers: `bytes[start, end)`, and whether that is all of it. */
export interface HelloBody {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly isWhole: boolean;
}

/**
 * Whether `bytes[start, end)` may be the start of a TLS stream: a handshake record with a
 * ClientHello or ServerHello at its start (RFC 8446 sections 4 and 5.1), as far as there are bytes.
 */
export function isHelloStart(bytes: Uint8Array, start: number, end: number): boolean {
  const at = skipNotices(bytes, start, end);
  if (at >= end || !isHelloPart(bytes, at, Math.min(end, at + recordHeaderBytes), 0)) return false;
  if (end - at < recordHeaderBytes) return true;
  const recordLength = uint16At(bytes, at + 3);
  if (recordLength === 0 || recordLength > recordBytesMax) return false;
  // A record may end within the header of its message.
  const partEnd = Math.min(end, at + recordHeaderBytes + Math.min(recordLength, openingBytes));
  return isHelloPart(bytes, at + recordHeaderBytes, partEnd, recordHeaderBytes);
}

/**
 * Position behind what may stand before a hello: the warning of a server that does not know the name
 * it was asked for (RFC 6066 section 3), and the change_cipher_spec for middleboxes before a
 * client's second one (RFC 8446 appendix D.4).
 */
function skipNotices(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (end - at > recordHeaderBytes && bytes[at + 1] === 3) {
    const length = uint16At(bytes, at + 3);
    const type = bytes[at];
    const isNotice =
      (type === alert && length === 2) || (type === changeCipherSpec && length === 1);
    if (!isNotice || at + recordHeaderBytes + length > end) break;
    at += recordHeaderBytes + length;
  }
  return at;
}

function isHelloPart(bytes: Uint8Array, at: number, end: number, from: number): boolean {
  for (let index = 0; index < end - at; index++) {
    if (!isHelloByte(bytes[at + index] as number, from + index)) return false;
  }
  return true;
}

/** Byte `index` of a record with a hello in it; two versions begin with 3. */
function isHelloByte(byte: number, index: number): boolean {
  switch (index) {
    case 0:
      return byte === handshake;
    case 1:
    case 9:
      return byte === 3;
    case 2:
    case 10:
      return byte <= 4;
    case 5:
      return byte === helloType.client || byte === helloType.server;
    default:
      return true;
  }
}

/**
 * The hello at the start of a TCP payload, put together when it is spread over several records; of
 * one that goes on behind the payload, or is longer than `limits.helloBytesMax`, the beginning.
 * Undefined when there is none, or not even its headers and its version.
 */
export function findHello(
  bytes: Uint8Array,
  payloadStart: number,
  end: number,
): HelloBody | undefined {
  const start = skipNotices(bytes, payloadStart, end);
  if (end - start < recordHeaderBytes + openingBytes) return undefined;
  if (!isHelloStart(bytes, start, end)) return undefined;
  const recordLength = uint16At(bytes, start + 3);
  const messageAt = start + recordHeaderBytes;
  const length = uint24At(bytes, messageAt + 1);
  if (recordLength < messageHeaderBytes + length) return joinHello(bytes, start, end);
  if (length < helloBytesMin) return undefined;
  const bodyAt = messageAt + messageHeaderBytes;
  const isWhole = end >= bodyAt + length;
  const bodyEnd = isWhole ? bodyAt + length : end;
  return { type: bytes[messageAt] as number, bytes, start: bodyAt, end: bodyEnd, isWhole };
}

/** The same of a hello in several records, a copy; its first record may be one byte long. */
function joinHello(bytes: Uint8Array, start: number, end: number): HelloBody | undefined {
  const opening = joinRecords(bytes, start, end, openingBytes);
  if (opening.length < openingBytes) return undefined;
  if (!isHelloPart(opening, 0, openingBytes, recordHeaderBytes)) return undefined;
  const length = uint24At(opening, 1);
  if (length < helloBytesMin) return undefined;
  const message = joinRecords(bytes, start, end, messageHeaderBytes + length);
  const isWhole = message.length === messageHeaderBytes + length;
  const type = opening[0] as number;
  return { type, bytes: message, start: messageHeaderBytes, end: message.length, isWhole };
}

/** The first `length` bytes of a handshake message, taken from the records that carry it. */
function joinRecords(bytes: Uint8Array, start: number, end: number, length: number): Uint8Array {
  const message = new Uint8Array(Math.min(length, limits.helloBytesMax, end - start));
  let filled = 0;
  let at = start;
  while (filled < message.length && end - at > recordHeaderBytes && bytes[at] === handshake) {
    const recordLength = uint16At(bytes, at + 3);
    if (recordLength === 0 || recordLength > recordBytesMax) break;
    at += recordHeaderBytes;
    const part = Math.min(recordLength, end - at, message.length - filled);
    message.set(bytes.subarray(at, at + part), filled);
    filled += part;
    at += recordLength;
  }
  return message.subarray(0, filled);
}

function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function uint24At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | uint16At(bytes, at + 1);
}
