/** Finds an IKE header, for the detectors of both versions and of ESP. */
import { uint32At } from "../packet/layers.ts";

const natPort = 4500;
const headerBytes = 28;
const nonEspMarkerBytes = 4;

/**
 * Position of an IKE header (RFC 2408 section 3.1, RFC 7296 section 3.1) with the wanted major
 * version at the start of the payload, behind the four zero bytes of RFC 3948 where they are; -1
 * when there is none. The length field must be the payload's.
 */
export function findIkeHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  lengthOnWire: number,
  majorVersion: number,
): number {
  if (end - start < headerBytes) return -1;
  const hasMarker = uint32At(bytes, start) === 0;
  const at = hasMarker ? start + nonEspMarkerBytes : start;
  if (end - at < headerBytes) return -1;
  const isInitiator = uint32At(bytes, at) !== 0 || uint32At(bytes, at + 4) !== 0;
  if (!isInitiator || (bytes[at + 17] as number) >>> 4 !== majorVersion) return -1;
  return uint32At(bytes, at + 24) === lengthOnWire - (at - start) ? at : -1;
}

/** Port of IKE and ESP through address translation (RFC 3948). */
export const ikeNatPort: number = natPort;
export const ikePort = 500;
