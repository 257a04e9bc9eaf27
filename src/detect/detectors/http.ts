/** Detector of HTTP/1.x. */
import { findLineFeed, lineTextEnd, tokenEnd } from "../../dissect/text-line.ts";
import {
  type Detector,
  type ProbeAnswer,
  type ProbeContext,
  probeAnswer,
  streamPosition,
} from "../detector.ts";
import { ascii, isDigit, isHeaderText, isStatusCode, startsWith } from "../payload-text.ts";

const version = ascii("HTTP/1.");
const methodLengthMax = 20;
/** A first line without an end must be this long before a cut capture is believed. */
const cutLineBytesMin = 48;
const openLine = 1;

/**
 * HTTP/1.x over TCP (RFC 9112): a request line or a status line with its version. HTTP/2 is another
 * protocol on the wire, with another label.
 */
export const http: Detector = {
  name: "HTTP",
  transports: ["tcp"],
  portHints: [80, 8080, 8000, 3128],
  bytesMin: 5,
  probe(bytes, start, end, context): ProbeAnswer {
    // What begins as something else and has HTTP inside (a SOCKS proxy, a mail) is not HTTP.
    if (context.position === streamPosition.later && context.noteHere !== openLine) {
      return probeAnswer.no;
    }
    const first = bytes[start] as number;
    if (first === 0x48 && startsWith(bytes, start, end, version)) {
      const isStatusLine =
        isDigit(bytes[start + 7]) &&
        bytes[start + 8] === 0x20 &&
        isStatusCode(bytes, start + 9, end);
      return isStatusLine ? probeAnswer.match : probeAnswer.no;
    }
    if (context.noteHere === openLine) return probeLineEnd(bytes, start, end, context);
    if (first < 0x41 || first > 0x5a) return probeAnswer.no;
    return probeRequestLine(bytes, start, end, context);
  },
};

function probeRequestLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  const methodEnd = tokenEnd(bytes, start, end);
  const methodLength = methodEnd - start;
  if (methodLength < 3 || methodLength > methodLengthMax) return probeAnswer.no;
  if (bytes[methodEnd] !== 0x20 || end - methodEnd < 2) return probeAnswer.no;
  return probeLineEnd(bytes, methodEnd + 1, end, context);
}

/** The rest of a request line, which must end in a version: `… HTTP/1.1` CR LF. */
function probeLineEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: ProbeContext,
): ProbeAnswer {
  const lineFeedAt = findLineFeed(bytes, start, end);
  if (lineFeedAt < 0) {
    if (!isHeaderText(bytes, start, end)) return probeAnswer.no;
    // The capture kept only the beginning: there will be no better packet.
    const isCut = context.lengthOnWire > end - start + methodLengthMax;
    if (isCut && end - start >= cutLineBytesMin && isTarget(bytes[start])) return probeAnswer.match;
    context.note = openLine;
    return probeAnswer.needMore;
  }
  const versionAt = lineTextEnd(bytes, start, lineFeedAt) - 8;
  const isVersion =
    versionAt >= start &&
    startsWith(bytes, versionAt, lineFeedAt, version) &&
    isDigit(bytes[versionAt + 7]);
  return isVersion ? probeAnswer.match : probeAnswer.no;
}

/** A request target begins with a path or, towards a proxy, with `http`. */
function isTarget(byte: number | undefined): boolean {
  return byte === 0x2f || byte === 0x68;
}
