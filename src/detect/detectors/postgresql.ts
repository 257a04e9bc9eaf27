/** Detector of PostgreSQL. */
import { uint16At, uint32At } from "../../packet/layers.ts";
import {
  type Detector,
  type ProbeAnswer,
  type ProbeContext,
  probeAnswer,
  streamPosition,
} from "../detector.ts";
import { ascii, startsWith } from "../payload-text.ts";

const serverPort = 5432;
const cancelRequest = 0x04d2_162e;
const sslRequest = 0x04d2_162f;
const gssEncryptionRequest = 0x04d2_1630;
const startupBytesMax = 10_000;
const sync = 0x53;
const query = 0x51;
const readyForQuery = 0x5a;
const authentication = 0x52;
const user = ascii("user\0");
const database = ascii("database\0");
/** Message types of both sides (PostgreSQL documentation, "Message Formats"). */
const messageTypes = ascii("RKSZTDCEN1234InstGHWVAcdfpPBQXFvI");

/**
 * PostgreSQL's frontend/backend protocol, version 3: the startup packet or a request for encryption,
 * or, when the beginning was missed, messages that follow each other exactly to the packet's end.
 */
export const postgresql: Detector = {
  name: "PostgreSQL",
  transports: ["tcp"],
  portHints: [serverPort],
  bytesMin: 5,
  probe(bytes, start, end, context): ProbeAnswer {
    if (context.position === streamPosition.later) return probeAnswer.no;
    if (bytes[start] === 0) return probeStartup(bytes, start, end, context);
    if (context.position === streamPosition.start && bytes[start] !== authentication) {
      return probeAnswer.no;
    }
    return isMessageChain(bytes, start, end, context) ? probeAnswer.match : probeAnswer.no;
  },
};

function probeStartup(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  if (end - start < 8) return probeAnswer.no;
  const length = uint32At(bytes, start);
  if (length !== context.lengthOnWire || length > startupBytesMax) return probeAnswer.no;
  const code = uint32At(bytes, start + 4);
  if (length === 8) {
    const isRequest = code === sslRequest || code === gssEncryptionRequest;
    return isRequest ? probeAnswer.match : probeAnswer.no;
  }
  if (code === cancelRequest) return length >= 16 ? probeAnswer.match : probeAnswer.no;
  // Version 3 with any minor version; parameters follow as names and values, usually `user` first.
  if (uint16At(bytes, start + 4) !== 3) return probeAnswer.no;
  const isNamed =
    startsWith(bytes, start + 8, end, user) || startsWith(bytes, start + 8, end, database);
  if (isNamed) return probeAnswer.match;
  const isText = (bytes[start + 8] as number) >= 0x5f && bytes[end - 1] === 0;
  return isText && uint16At(bytes, start + 6) <= 2 ? probeAnswer.match : probeAnswer.no;
}

/**
 * Messages of a type byte and a length that fill the packet. Believed when they hold one that is
 * hard to mistake, or when there are three of them (two on the usual port).
 */
function isMessageChain(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): boolean {
  let at = start;
  let messages = 0;
  let isTelling = false;
  while (end - at >= 5) {
    const type = bytes[at] as number;
    const length = uint32At(bytes, at + 1);
    if (length < 4 || length > 0x3fff_ffff || !messageTypes.includes(type)) return false;
    isTelling ||= isTellingMessage(bytes, at, end, type, length);
    // Sync has no body and ends a request: alone it is five bytes that others send too.
    isTelling ||= messages > 0 && type === sync && length === 4 && at + 5 === end;
    at += 1 + length;
    messages++;
  }
  if (at !== start + context.lengthOnWire) return false;
  return isTelling || messages >= (context.hasPort(serverPort) ? 2 : 3);
}

function isTellingMessage(
  bytes: Uint8Array,
  at: number,
  end: number,
  type: number,
  length: number,
): boolean {
  const last = at + length;
  if (last >= end) return false;
  switch (type) {
    case readyForQuery:
      return length === 5 && isTransactionState(bytes[at + 5]);
    case authentication:
      return length >= 8 && length <= 1000 && uint32At(bytes, at + 5) <= 12;
    case query:
      return length > 6 && bytes[last] === 0 && isLetter(bytes[at + 5]);
    default:
      return false;
  }
}

/** Idle, in a transaction, in a failed one. */
function isTransactionState(byte: number | undefined): boolean {
  return byte === 0x49 || byte === 0x54 || byte === 0x45;
}

function isLetter(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
