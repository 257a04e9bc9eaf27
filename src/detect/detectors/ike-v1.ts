/** Detector of IKE version 1. */
import { type Detector, type ProbeAnswer, probeAnswer } from "../detector.ts";
import { findIkeHeader, ikeNatPort, ikePort } from "../ike-header.ts";

const exchangeBase = 1;
const exchangeTransaction = 6;
const exchangeQuick = 32;
const exchangeNewGroup = 33;

/** ISAKMP and IKE version 1 over UDP (RFC 2408, RFC 2409). */
export const ikeV1: Detector = {
  name: "IKEv1",
  transports: ["udp"],
  portHints: [ikePort, ikeNatPort],
  bytesMin: 28,
  probe(bytes, start, end, context): ProbeAnswer {
    const at = findIkeHeader(bytes, start, end, context.lengthOnWire, 1);
    if (at < 0) return probeAnswer.no;
    const exchange = bytes[at + 18] as number;
    const isExchange =
      (exchange >= exchangeBase && exchange <= exchangeTransaction) ||
      exchange === exchangeQuick ||
      exchange === exchangeNewGroup;
    // Encryption, commit, authentication only: the other flags are reserved.
    const isFlags = (bytes[at + 19] as number) <= 7;
    // Payload types go to 20 (RFC 3947), private ones begin at 128.
    const nextPayload = bytes[at + 16] as number;
    const isPayload = nextPayload <= 20 || nextPayload >= 128;
    return isExchange && isFlags && isPayload ? probeAnswer.match : probeAnswer.no;
  },
};
