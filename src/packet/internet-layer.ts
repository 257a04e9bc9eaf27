/** Finds the IP header and its payload. */
import { fragment, ipProtocol, type Layers, uint16At, uint32At } from "./layers.ts";

/** IPv6 extension headers that are followed; senders use one or two. */
const extensionHeadersMax = 8;

/**
 * Reads the IP header at `at`, of either version, with options or extension headers, and sets
 * addresses, protocol, fragment and the payload range of `layers`. False when it is not a whole
 * IP header.
 */
export function findInternet(layers: Layers, bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 20) return false;
  const version = (bytes[at] as number) >>> 4;
  if (version === 4) return findIpv4(layers, bytes, at, end);
  return version === 6 && findIpv6(layers, bytes, at, end);
}

/** RFC 791. */
function findIpv4(layers: Layers, bytes: Uint8Array, at: number, end: number): boolean {
  const headerLength = ((bytes[at] as number) & 0x0f) * 4;
  if (headerLength < 20 || headerLength > end - at) return false;
  // 0 is what a sender's segmentation offload leaves there: then the capture has the only length.
  const totalLength = uint16At(bytes, at + 2) || end - at;
  if (totalLength < headerLength) return false;
  const fragmentWord = uint16At(bytes, at + 6);
  layers.ipVersion = 4;
  layers.sourceAt = at + 12;
  layers.destinationAt = at + 16;
  layers.identification = uint16At(bytes, at + 4);
  layers.fragment = fragmentKind(fragmentWord & 0x1fff, (fragmentWord & 0x2000) !== 0);
  setPayload(layers, at + headerLength, totalLength - headerLength, end);
  layers.protocol = bytes[at + 9] as number;
  return layers.protocol !== ipProtocol.ah || skipAuthentication(layers, bytes);
}

function fragmentKind(offset: number, isMore: boolean): number {
  if (offset !== 0) return fragment.later;
  return isMore ? fragment.first : fragment.whole;
}

/** Sets the payload range: `length` bytes announced, of which those before `end` are captured. */
export function setPayload(layers: Layers, start: number, length: number, end: number): void {
  layers.payloadStart = start;
  layers.payloadLengthOnWire = length;
  layers.payloadLength = Math.min(length, Math.max(0, end - start));
}

/** The authentication header (RFC 4302) hides nothing: what it protects follows in the clear. */
function skipAuthentication(layers: Layers, bytes: Uint8Array): boolean {
  if (layers.fragment === fragment.later || layers.payloadLength < 12) return true;
  const at = layers.payloadStart;
  const length = ((bytes[at + 1] as number) + 2) * 4;
  if (length > layers.payloadLength) return true;
  layers.protocol = bytes[at] as number;
  const end = at + layers.payloadLength;
  setPayload(layers, at + length, layers.payloadLengthOnWire - length, end);
  return true;
}

/** RFC 8200. */
function findIpv6(layers: Layers, bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 40) return false;
  layers.ipVersion = 6;
  layers.sourceAt = at + 8;
  layers.destinationAt = at + 24;
  layers.fragment = fragment.whole;
  layers.identification = 0;
  // 0 stands for a jumbogram, or for segmentation offload.
  setPayload(layers, at + 40, uint16At(bytes, at + 4) || end - at - 40, end);
  layers.protocol = bytes[at + 6] as number;
  for (let headers = 0; headers < extensionHeadersMax; headers++) {
    const length = extensionLength(layers, bytes);
    if (length === 0) return true;
    if (length > layers.payloadLength) return false;
    const header = layers.payloadStart;
    if (layers.protocol === 44) {
      const fragmentWord = uint16At(bytes, header + 2);
      layers.fragment = fragmentKind(fragmentWord >>> 3, (fragmentWord & 1) !== 0);
      layers.identification = uint32At(bytes, header + 4);
    }
    layers.protocol = bytes[header] as number;
    const payloadEnd = header + layers.payloadLength;
    setPayload(layers, header + length, layers.payloadLengthOnWire - length, payloadEnd);
    if (layers.fragment === fragment.later) return true;
  }
  return false;
}

/** Length of the extension header under way, 0 when the protocol is none; 8 at least needs no check. */
function extensionLength(layers: Layers, bytes: Uint8Array): number {
  switch (layers.protocol) {
    case 44:
      return 8;
    case 0:
    case 43:
    case 60:
    case 135:
    case 139:
    case 140:
      if (layers.payloadLength < 8) return Number.MAX_SAFE_INTEGER;
      return ((bytes[layers.payloadStart + 1] as number) + 1) * 8;
    case ipProtocol.ah:
      if (layers.payloadLength < 12) return Number.MAX_SAFE_INTEGER;
      return ((bytes[layers.payloadStart + 1] as number) + 2) * 4;
    default:
      return 0;
  }
}
