/** Detector of MySQL and MariaDB. */
import {
  type Detector,
  type ProbeAnswer,
  type ProbeContext,
  probeAnswer,
  streamPosition,
} from "../detector.ts";
import { isDigit, isHeaderText } from "../payload-text.ts";

const serverPort = 3306;
const headerBytes = 4;
const protocol41 = 0x0200;
const versionBytesMax = 100;
const comQuit = 1;
const comInitDb = 2;
const comQuery = 3;
const comPing = 14;
const comPrepare = 22;

/**
 * The client/server protocol of MySQL and MariaDB: the server's greeting or its refusal, the
 * client's handshake response, or a text command to the usual port when the beginning was missed.
 * Each packet is a length (3 bytes, little-endian), a number and a body.
 */
export const mysql: Detector = {
  name: "MySQL",
  transports: ["tcp"],
  portHints: [serverPort],
  bytesMin: 5,
  probe(bytes, start, end, context): ProbeAnswer {
    if (context.position === streamPosition.later) return probeAnswer.no;
    const length =
      (bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16);
    if (length + headerBytes !== context.lengthOnWire) return probeAnswer.no;
    const body = start + headerBytes;
    const number = bytes[start + 3];
    let isMysql = false;
    if (number === 0) {
      isMysql =
        isGreeting(bytes, body, end) ||
        isRefusal(bytes, body, end) ||
        isCommand(bytes, body, end, context);
    } else if (number === 1 || number === 2) {
      isMysql = isHandshakeResponse(bytes, body, end, context, number);
    }
    return isMysql ? probeAnswer.match : probeAnswer.no;
  },
};

/** Protocol 10: version text, thread id, eight bytes of challenge and a zero. */
function isGreeting(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== 10 || !isDigit(bytes[at + 1])) return false;
  const last = Math.min(end, at + 1 + versionBytesMax);
  let textEnd = at + 1;
  while (textEnd < last && bytes[textEnd] !== 0) textEnd++;
  if (textEnd === last || textEnd - at < 4 || !isHeaderText(bytes, at + 1, textEnd)) return false;
  const filler = textEnd + 1 + 4 + 8;
  // A cut capture may not reach the filler.
  return filler >= end || bytes[filler] === 0;
}

/** An error packet instead of a greeting: 0xff, a code from 1000 on, text. */
function isRefusal(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== 0xff || end - at < 9) return false;
  const code = (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8);
  return code >= 1000 && code < 5000 && isHeaderText(bytes, at + 3, end);
}

/** Capabilities with the 4.1 protocol, largest packet, character set, 23 bytes of which 19 are zero. */
function isHandshakeResponse(
  bytes: Uint8Array,
  at: number,
  end: number,
  context: ProbeContext,
  number: number,
): boolean {
  if (end - at < 32) return false;
  const capabilities = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  if ((capabilities & protocol41) === 0) return false;
  // MariaDB clients use the last four of the 23 bytes.
  for (let index = at + 9; index < at + 28; index++) if (bytes[index] !== 0) return false;
  // A request for TLS ends here and is so short that zeros alone prove little.
  if (end - at === 32) return number === 1 && (capabilities & 0x0800) !== 0;
  return end - at > 32 && (context.hasPort(serverPort) || isHeaderText(bytes, at + 32, at + 33));
}

function isCommand(bytes: Uint8Array, at: number, end: number, context: ProbeContext): boolean {
  if (context.destinationPort !== serverPort || context.position === streamPosition.start) {
    return false;
  }
  const command = bytes[at];
  if (command === comQuit || command === comPing) return end - at === 1;
  if (command !== comQuery && command !== comInitDb && command !== comPrepare) return false;
  const first = bytes[at + 1];
  return end - at > 2 && first !== undefined && first >= 0x20 && first < 0x7f;
}
