/** Detector of SIP. */
import { findLineFeed, lineTextEnd, tokenEnd } from "../../dissect/text-line.ts";
import { type Detector, type ProbeAnswer, probeAnswer } from "../detector.ts";
import { ascii, isStatusCode, startsWith } from "../payload-text.ts";

const lineEndBytesMax = 8;
const version = ascii("SIP/2.0");
const via = ascii("Via: SIP/2.0/");
const viaShort = ascii("v: SIP/2.0/");
const schemes = ["sip:", "sips:", "tel:", "SIP:", "SIPS:", "TEL:", "urn:"].map(ascii);
/** Methods of RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903 and 6086. */
const methods = [
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "OPTIONS",
  "REGISTER",
  "PRACK",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "INFO",
  "REFER",
  "MESSAGE",
  "UPDATE",
].map(ascii);

/** SIP over UDP and TCP (RFC 3261 section 7). */
export const sip: Detector = {
  name: "SIP",
  transports: ["udp", "tcp"],
  portHints: [5060, 5061],
  bytesMin: 11,
  probe(bytes, start, end): ProbeAnswer {
    const at = skipLineEnds(bytes, start, end);
    if (end - at < 11) return probeAnswer.no;
    const first = bytes[at] as number;
    if (first === 0x53 && startsWith(bytes, at, end, version)) {
      const isStatusLine = bytes[at + 7] === 0x20 && isStatusCode(bytes, at + 8, end);
      return isStatusLine ? probeAnswer.match : probeAnswer.no;
    }
    if (first < 0x41 || first > 0x5a) return probeAnswer.no;
    const methodEnd = tokenEnd(bytes, at, end);
    if (methodEnd - at < 3 || bytes[methodEnd] !== 0x20) return probeAnswer.no;
    const isKnown = isMethod(bytes, at, methodEnd);
    // A known method towards a SIP address is enough: the rest of the line may be cut off.
    if (isKnown && isSipAddress(bytes, methodEnd + 1, end)) return probeAnswer.match;
    return endsInVersion(bytes, methodEnd, end) || isViaNext(bytes, methodEnd, end)
      ? probeAnswer.match
      : probeAnswer.no;
  },
};

/** Line ends before a message are to be ignored (RFC 3261 section 7.5): keep-alives are such. */
function skipLineEnds(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + lineEndBytesMax);
  let at = start;
  while (at < last && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
  return at;
}

function isMethod(bytes: Uint8Array, start: number, end: number): boolean {
  for (const method of methods) {
    if (method.length === end - start && startsWith(bytes, start, end, method)) return true;
  }
  return false;
}

function isSipAddress(bytes: Uint8Array, at: number, end: number): boolean {
  for (const scheme of schemes) if (startsWith(bytes, at, end, scheme)) return true;
  return false;
}

/** Extension methods are open: any request line that ends in the version is SIP. */
function endsInVersion(bytes: Uint8Array, at: number, end: number): boolean {
  const lineFeedAt = findLineFeed(bytes, at, end);
  if (lineFeedAt < 0) return false;
  const versionAt = lineTextEnd(bytes, at, lineFeedAt) - version.length;
  return versionAt > at && startsWith(bytes, versionAt, lineFeedAt, version);
}

/** Every message has a Via header, and most senders put it first. */
function isViaNext(bytes: Uint8Array, at: number, end: number): boolean {
  const lineFeedAt = findLineFeed(bytes, at, end);
  if (lineFeedAt < 0) return false;
  return (
    startsWith(bytes, lineFeedAt + 1, end, via) || startsWith(bytes, lineFeedAt + 1, end, viaShort)
  );
}
