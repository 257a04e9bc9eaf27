/** Detector of IKE version 2. */
import { type Detector, type ProbeAnswer, probeAnswer, streamPosition } from "../detector.ts";
import { findIkeHeader, ikeNatPort, ikePort } from "../ike-header.ts";
import { ascii, startsWith } from "../payload-text.ts";

const exchangeFirst = 34;
const exchangeLast = 44;
const payloadFirst = 33;
const payloadLast = 55;
/** Response, version, initiator (RFC 7296 section 3.1): the other flags are zero. */
const flagsMask = 0x38;
/** What an initiator sends first on a TCP stream (RFC 9329). */
const tcpPrefix = ascii("IKETCP");

/** IKE version 2 over UDP (RFC 7296), and its TCP encapsulation by its prefix (RFC 9329). */
export const ikeV2: Detector = {
  name: "IKEv2",
  transports: ["udp", "tcp"],
  portHints: [ikePort, ikeNatPort],
  bytesMin: 6,
  probe(bytes, start, end, context): ProbeAnswer {
    if (context.isTcp) {
      const isStart = context.position !== streamPosition.later;
      return isStart && startsWith(bytes, start, end, tcpPrefix)
        ? probeAnswer.match
        : probeAnswer.no;
    }
    const at = findIkeHeader(bytes, start, end, context.lengthOnWire, 2);
    if (at < 0) return probeAnswer.no;
    const exchange = bytes[at + 18] as number;
    const nextPayload = bytes[at + 16] as number;
    const isExchange = exchange >= exchangeFirst && exchange <= exchangeLast;
    const isFlags = ((bytes[at + 19] as number) & ~flagsMask) === 0;
    const isPayload =
      nextPayload === 0 || (nextPayload >= payloadFirst && nextPayload <= payloadLast);
    return isExchange && isFlags && isPayload ? probeAnswer.match : probeAnswer.no;
  },
};
