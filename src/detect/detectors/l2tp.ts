/** Detector of L2TP. */
import { uint16At } from "../../packet/layers.ts";
import { type Detector, type ProbeAnswer, type ProbeContext, probeAnswer } from "../detector.ts";

const port = 1701;
const control = 0x8000;
const hasLength = 0x4000;
const hasSequence = 0x0800;
const hasOffset = 0x0200;
const controlHeaderBytes = 12;
/** Reserved bits of the first word (RFC 2661 section 3.1). */
const reserved = 0x34f0;
const messageTypeBytes = 8;
const messageTypeLast = 28;

/**
 * L2TP versions 2 and 3 over UDP (RFC 2661, RFC 3931): a control message by its header, length and first
 * attribute on any port; data messages and empty acknowledgements on port 1701 only.
 */
export const l2tp: Detector = {
  name: "L2TP",
  transports: ["udp"],
  portHints: [port],
  bytesMin: 6,
  probe(bytes, start, end, context): ProbeAnswer {
    const flags = uint16At(bytes, start);
    const version = flags & 0x0f;
    if ((version !== 2 && version !== 3) || (flags & reserved) !== 0) return probeAnswer.no;
    const isMatch =
      (flags & control) !== 0
        ? isControl(bytes, start, end, context)
        : version === 2 && isData(bytes, start, end, context);
    return isMatch ? probeAnswer.match : probeAnswer.no;
  },
};

function isControl(bytes: Uint8Array, start: number, end: number, context: ProbeContext): boolean {
  const flags = uint16At(bytes, start);
  const isForm = (flags & (hasLength | hasSequence | hasOffset)) === (hasLength | hasSequence);
  if (!isForm || end - start < controlHeaderBytes) return false;
  if (uint16At(bytes, start + 2) !== context.lengthOnWire) return false;
  if (context.lengthOnWire === controlHeaderBytes) return context.hasPort(port);
  const at = start + controlHeaderBytes;
  if (end - at < messageTypeBytes) return false;
  // The first attribute is the message type, mandatory, of length 8, of vendor 0.
  const length = uint16At(bytes, at) & 0x3ff;
  const isMessageType = length === messageTypeBytes && uint16At(bytes, at + 2) === 0;
  const type = uint16At(bytes, at + 6);
  return isMessageType && uint16At(bytes, at + 4) === 0 && type >= 1 && type <= messageTypeLast;
}

/** A data message carries PPP, which begins with ff 03, or with a protocol number when compressed. */
function isData(bytes: Uint8Array, start: number, end: number, context: ProbeContext): boolean {
  if (!context.hasPort(port)) return false;
  const flags = uint16At(bytes, start);
  let at = start + 2;
  if ((flags & hasLength) !== 0) {
    if (uint16At(bytes, at) > context.lengthOnWire || uint16At(bytes, at) < 8) return false;
    at += 2;
  }
  if (end - at < 6 || uint16At(bytes, at) === 0) return false;
  at += 4;
  if ((flags & hasSequence) !== 0) at += 4;
  if ((flags & hasOffset) !== 0) {
    if (end - at < 2) return false;
    at += 2 + uint16At(bytes, at);
  }
  if (end - at < 2) return false;
  const first = uint16At(bytes, at);
  const protocol = first === 0xff03 && end - at >= 4 ? uint16At(bytes, at + 2) : first;
  return isPppProtocol(protocol);
}

/** Link, authentication and network control, IP, IPv6 and compressed data (IANA PPP numbers). */
function isPppProtocol(protocol: number): boolean {
  const group = protocol >>> 8;
  if ((protocol & 1) === 0) return protocol >>> 8 === 0x21 || protocol >>> 8 === 0x57;
  return group === 0 || group === 0x80 || group === 0xc0 || group === 0xc2;
}
