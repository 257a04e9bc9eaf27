/** Detector of PPTP. */
import { uint16At, uint32At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, probeAnswer } from "../detector.ts";

const magicCookie = 0x1a2b_3c4d;
const controlMessage = 1;
const controlTypeLast = 15;
const bytesMin = 12;

/** PPTP's control connection over TCP (RFC 2637 section 2): length, type, magic cookie, control type. */
export const pptp: Detector = {
  name: "PPTP",
  transports: ["tcp"],
  portHints: [1723],
  bytesMin,
  probe(bytes, start): ProbeAnswer {
    const type = uint16At(bytes, start + 8);
    const isPptp =
      uint32At(bytes, start + 4) === magicCookie &&
      uint16At(bytes, start) >= bytesMin &&
      uint16At(bytes, start + 2) === controlMessage &&
      type >= 1 &&
      type <= controlTypeLast;
    return isPptp ? probeAnswer.match : probeAnswer.no;
  },
};
