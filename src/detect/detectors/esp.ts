/** Detector of ESP. */
import { uint32At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, type ProbeContext, probeAnswer } from "../detector.ts";
import { ikeNatPort } from "../ike-header.ts";

/** Numbers up to 255 are reserved (RFC 4303 section 2.1). */
const reservedSpiMax = 255;
const keepAliveBytes = 1;

/**
 * ESP (RFC 4303): as its own IP protocol, which needs no second look, and in UDP on port 4500 (RFC 3948)
 * when a second packet in its direction has the same security association.
 */
export const esp: Detector = {
  name: "ESP",
  transports: ["esp", "udp"],
  portHints: [ikeNatPort],
  bytesMin: 8,
  probe(bytes, start, _end, context): ProbeAnswer {
    const spi = uint32At(bytes, start);
    if (spi <= reservedSpiMax) return probeAnswer.no;
    if (context.isPortless) return probeAnswer.match;
    return probeInUdp(bytes, start, spi, context);
  },
};

function probeInUdp(
  bytes: Uint8Array,
  start: number,
  spi: number,
  context: ProbeContext,
): ProbeAnswer {
  if (!context.hasPort(ikeNatPort) || context.lengthOnWire <= keepAliveBytes) return probeAnswer.no;
  // Numbers begin at 1; a random word is rarely below 2^28.
  const sequence = uint32At(bytes, start + 4);
  if (sequence === 0 || sequence > 0x0fff_ffff) return probeAnswer.no;
  if (context.noteHere === spi) return probeAnswer.match;
  context.note = spi;
  return probeAnswer.needMore;
}
