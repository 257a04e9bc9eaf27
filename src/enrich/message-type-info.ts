/** Info texts of protocols that have a type in their header (docs/wire.md#labels). */
import { uint16At, uint32At } from "../packet/layers.ts";
import type { Describe } from "./description.ts";

const wireGuardTypes = [
  "",
  "Handshake Initiation",
  "Handshake Response",
  "Cookie Reply",
  "Transport Data",
];

export const describeWireGuard: Describe = ({ bytes, start, end }) =>
  (start < end && wireGuardTypes[bytes[start] as number]) || "WireGuard";

/** The T bit (RFC 2661 section 3.1). */
export const describeL2tp: Describe = ({ bytes, start, end }) => {
  if (start >= end) return "L2TP";
  return ((bytes[start] as number) & 0x80) !== 0 ? "control" : "data";
};

const pptpMagic = 0x1a2b_3c4d;
/** Control message types (RFC 2637 section 2). */
const pptpTypes = [
  "",
  "Start-Control-Connection-Request",
  "Start-Control-Connection-Reply",
  "Stop-Control-Connection-Request",
  "Stop-Control-Connection-Reply",
  "Echo-Request",
  "Echo-Reply",
  "Outgoing-Call-Request",
  "Outgoing-Call-Reply",
  "Incoming-Call-Request",
  "Incoming-Call-Reply",
  "Incoming-Call-Connected",
  "Call-Clear-Request",
  "Call-Disconnect-Notify",
  "WAN-Error-Notify",
  "Set-Link-Info",
];

export const describePptp: Describe = ({ bytes, start, end }) => {
  if (end - start < 10 || uint32At(bytes, start + 4) !== pptpMagic) return "PPTP";
  return pptpTypes[uint16At(bytes, start + 8)] || "PPTP";
};

/** RFC 7296 section 3.1. */
const ikeV2Exchanges: Readonly<Record<number, string>> = {
  34: "IKE_SA_INIT",
  35: "IKE_AUTH",
  36: "CREATE_CHILD_SA",
  37: "INFORMATIONAL",
};

/** RFC 2408 section 3.1 and RFC 2409 appendix A. Nothing in them tells request from response. */
const ikeV1Exchanges: Readonly<Record<number, string>> = {
  1: "Base",
  2: "Main Mode",
  3: "Authentication Only",
  4: "Aggressive",
  5: "Informational",
  6: "Transaction",
  32: "Quick Mode",
  33: "New Group Mode",
};

export const describeIkeV2: Describe = ({ bytes, start, end, layers }) => {
  const at = findIke(bytes, start, end, layers.payloadLengthOnWire, 2);
  const name = at < 0 ? undefined : ikeV2Exchanges[bytes[at + 18] as number];
  if (name === undefined) return "IKEv2";
  return ((bytes[at + 19] as number) & 0x20) !== 0 ? `${name} (response)` : `${name} (request)`;
};

export const describeIkeV1: Describe = ({ bytes, start, end, layers }) => {
  const at = findIke(bytes, start, end, layers.payloadLengthOnWire, 1);
  return (at < 0 ? undefined : ikeV1Exchanges[bytes[at + 18] as number]) ?? "IKEv1";
};

/**
 * Position of the IKE header, behind the marker of RFC 3948 where it is, or -1: ESP in UDP belongs to
 * the same conversation.
 */
function findIke(
  bytes: Uint8Array,
  start: number,
  end: number,
  lengthOnWire: number,
  majorVersion: number,
): number {
  if (end - start < 28) return -1;
  const at = uint32At(bytes, start) === 0 ? start + 4 : start;
  if (end - at < 28) return -1;
  const isVersion = (bytes[at + 17] as number) >>> 4 === majorVersion;
  return isVersion && uint32At(bytes, at + 24) === lengthOnWire - (at - start) ? at : -1;
}
