/** Media addresses in a session description (SDP, RFC 8866). */
import { limits } from "../config/limits.ts";
import { findLineFeed, lineTextEnd, plainText } from "./text-line.ts";

/** Where media is to be sent: an IPv4 or IPv6 address as the sender wrote it, and a UDP port. */
export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

const lineBytesMax = 128;
const connection = /^c=IN +IP[46] +([0-9a-f:.]+)/i;
const mediaLine = /^m=(?:audio|video) +(\d{1,5})(?:\/\d+)? /i;

/**
 * Audio and video of the description in `bytes[start, end)`, at most `limits.sipMediaMax`. It begins
 * with the line `v=0`, since other parts of a multipart body may stand before it. Rejected media (port
 * 0), names in place of addresses, and the unspecified address of a held call are left out.
 */
export function readMedia(bytes: Uint8Array, start: number, end: number): MediaAddress[] {
  const found: MediaAddress[] = [];
  let isDescription = false;
  let isInMedia = false;
  let sessionAddress = "";
  let address = "";
  let port = 0;
  const finish = (): void => {
    const isMedia = port > 0 && port <= 65_535 && address !== "";
    if (isMedia && found.length < limits.sipMediaMax) found.push({ address, port });
    port = 0;
  };
  for (let at = start; at < end && found.length < limits.sipMediaMax; ) {
    const lineFeedAt = findLineFeed(bytes, at, end);
    const lineEnd = lineFeedAt < 0 ? end : lineTextEnd(bytes, at, lineFeedAt);
    const kind = bytes[at + 1] === 0x3d ? (bytes[at] as number) : 0;
    const isWanted = kind === 0x76 || kind === 0x63 || kind === 0x6d;
    const line = isWanted ? plainText(bytes, at, lineEnd, lineBytesMax) : "";
    at = lineFeedAt < 0 ? end : lineFeedAt + 1;
    if (line === "v=0") isDescription = true;
    if (!isDescription || line === "") continue;
    if (kind === 0x6d) {
      finish();
      isInMedia = true;
      address = sessionAddress;
      port = Number(mediaLine.exec(line)?.[1] ?? 0);
    } else if (kind === 0x63) {
      address = readConnection(line);
      if (!isInMedia) sessionAddress = address;
    }
  }
  finish();
  return found;
}

/** The address of a connection line, "" when it has none or the unspecified one. */
function readConnection(line: string): string {
  const address = connection.exec(line)?.[1] ?? "";
  return /^[0:.]+$/.test(address) ? "" : address;
}
