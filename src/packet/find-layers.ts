/** Finds all layers of a packet, through tunnels. */
import { findInternet, setPayload } from "./internet-layer.ts";
import { fragment, ipProtocol, type Layers, uint16At, uint32At } from "./layers.ts";
import {
  etherType,
  findByEtherType,
  findInEthernet,
  findInPpp,
  findNetwork,
} from "./link-layer.ts";

/**
 * Finds the layers of the packet in `bytes[start, end)` and fills `layers`, through tunnels to the
 * innermost IP header. False when there is no whole IP header, or no whole TCP or UDP header behind
 * it where one must be; `layers` then means nothing.
 */
export function findLayers(
  layers: Layers,
  bytes: Uint8Array,
  start: number,
  end: number,
  linkType: number,
): boolean {
  layers.clear();
  let at = findNetwork(layers, bytes, start, end, linkType);
  let isInside = true;
  while (isInside) {
    if (at < 0 || !findInternet(layers, bytes, at, end)) return false;
    if (layers.fragment === fragment.later) return true;
    switch (layers.protocol) {
      case ipProtocol.tcp:
        return findTcp(layers, bytes);
      case ipProtocol.udp:
        return findUdp(layers, bytes);
      case ipProtocol.ipv4:
      case ipProtocol.ipv6:
        isInside = layers.enterTunnel(0);
        at = layers.payloadStart;
        break;
      case ipProtocol.gre:
        at = findInGre(layers, bytes);
        isInside = at >= 0;
        break;
      default:
        return true;
    }
  }
  return true;
}

/** RFC 9293. */
function findTcp(layers: Layers, bytes: Uint8Array): boolean {
  const at = layers.payloadStart;
  if (layers.payloadLength < 20) return false;
  const headerLength = ((bytes[at + 12] as number) >>> 4) * 4;
  if (headerLength < 20) return false;
  layers.sourcePort = uint16At(bytes, at);
  layers.destinationPort = uint16At(bytes, at + 2);
  layers.sequence = uint32At(bytes, at + 4);
  layers.tcpFlags = bytes[at + 13] as number;
  const end = at + layers.payloadLength;
  const length = Math.max(0, layers.payloadLengthOnWire - headerLength);
  setPayload(layers, at + headerLength, length, end);
  return true;
}

/** RFC 768; the length field counts where it is shorter than what IP announces. */
function findUdp(layers: Layers, bytes: Uint8Array): boolean {
  const at = layers.payloadStart;
  if (layers.payloadLength < 8) return false;
  layers.sourcePort = uint16At(bytes, at);
  layers.destinationPort = uint16At(bytes, at + 2);
  const announced = uint16At(bytes, at + 4);
  const end = at + layers.payloadLength;
  const byIp = layers.payloadLengthOnWire - 8;
  // A length below 8 is of no use; that of a first fragment counts all fragments.
  let length = byIp;
  if (announced >= 8) {
    length = layers.fragment === fragment.first ? announced - 8 : Math.min(announced - 8, byIp);
  }
  setPayload(layers, at + 8, length, end);
  return true;
}

/** GRE (RFC 2784, RFC 2890) and its PPTP form (RFC 2637): position of the IP header inside, or -1
 * when it holds something else, and `layers` then stay at the outer header. */
function findInGre(layers: Layers, bytes: Uint8Array): number {
  if (layers.payloadLength < 4) return -1;
  const start = layers.payloadStart;
  const end = start + layers.payloadLength;
  const flags = uint16At(bytes, start);
  const type = uint16At(bytes, start + 2);
  const version = flags & 7;
  // Source routing (RFC 1701) is obsolete and would need a walk of its own.
  if ((flags & 0x4000) !== 0 || version > 1) return -1;
  let at = start + 4;
  if ((flags & 0x8000) !== 0) at += 4;
  const keyAt = at;
  if ((flags & 0x2000) !== 0) at += 4;
  if ((flags & 0x1000) !== 0) at += 4;
  if (version === 1 && (flags & 0x0080) !== 0) at += 4;
  if (at > end) return -1;
  // The key of version 1 holds a payload length and a call id that differs by direction.
  const key = version === 0 && (flags & 0x2000) !== 0 ? uint32At(bytes, keyAt) : 0;
  const { vlan, session } = layers;
  const inside = findBehindGre(layers, bytes, at, end, type, version);
  if (inside >= 0 && layers.enterTunnel(key)) return inside;
  layers.vlan = vlan;
  layers.session = session;
  return -1;
}

function findBehindGre(
  layers: Layers,
  bytes: Uint8Array,
  at: number,
  end: number,
  type: number,
  version: number,
): number {
  if (version === 1) return type === etherType.ppp ? findInPpp(bytes, at, end) : -1;
  if (type === etherType.transparentEthernet) return findInEthernet(layers, bytes, at, end);
  return type > 1500 ? findByEtherType(layers, bytes, at, end, type) : -1;
}
