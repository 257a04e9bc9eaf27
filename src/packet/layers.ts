/**
 * The room of packet layers: finds addresses, ports and payload of a captured packet in place.
 *
 * Pure functions over a range of bytes: nothing is allocated, nothing outside the range is read,
 * and no bytes make them throw. `test/fuzz/layers.ts` holds them to that.
 */

/** Tunnels that are followed inwards before a packet is taken as it is. */
const tunnelsMax = 2;
const tunnelFields = 4;

/** IP protocol numbers (IANA) that have a meaning here. */
export const ipProtocol = {
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
} as const;

/** What of a fragmented IP packet this is. Only `whole` and `first` packets have ports. */
export const fragment = { whole: 0, first: 1, later: 2 } as const;

export const tcpFlag = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;

/**
 * The layers of one packet, filled anew by each `findLayers`. Positions count from the start of the
 * byte array that was searched, not from the start of the packet; lengths are in bytes.
 */
export class Layers {
  /** The two innermost VLAN ids, `outer << 12 | inner`; 0 = untagged. */
  vlan = 0;
  /** PPPoE session id; 0 = none. */
  session = 0;

  /** 4 or 6, of the innermost IP header. */
  ipVersion = 0;
  /** Start of the source address: 4 or 16 bytes. */
  sourceAt = 0;
  destinationAt = 0;
  /** IP protocol number behind all extension headers. */
  protocol = 0;
  /** One of `fragment`. */
  fragment = 0;
  /** `identification` of a fragmented packet. */
  identification = 0;

  /** TCP and UDP ports; 0 for everything else and for later fragments. */
  sourcePort = 0;
  destinationPort = 0;
  /** TCP flags as in the header, and the sequence number; 0 otherwise. */
  tcpFlags = 0;
  sequence = 0;

  payloadStart = 0;
  /** Captured bytes of payload: cut by the capture and by the IP and UDP lengths (padding is not payload). */
  payloadLength = 0;
  /** Bytes of payload that the headers announce: more than captured when the capture was cut. */
  payloadLengthOnWire = 0;

  /** Tunnels around the innermost IP header: 0, 1 or 2. */
  tunnelDepth = 0;
  /** Per tunnel, outermost first: protocol << 8 | IP version, source position, destination position,
   * GRE key. */
  readonly tunnels: Uint32Array = new Uint32Array(tunnelsMax * tunnelFields);

  clear(): void {
    this.vlan = 0;
    this.session = 0;
    this.ipVersion = 0;
    this.sourceAt = 0;
    this.destinationAt = 0;
    this.protocol = 0;
    this.fragment = 0;
    this.identification = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.tcpFlags = 0;
    this.sequence = 0;
    this.payloadStart = 0;
    this.payloadLength = 0;
    this.payloadLengthOnWire = 0;
    this.tunnelDepth = 0;
  }

  /** Notes the IP header just found as a tunnel; false when tunnels are nested too deeply. */
  enterTunnel(key: number): boolean {
    if (this.tunnelDepth >= tunnelsMax) return false;
    const at = this.tunnelDepth * tunnelFields;
    this.tunnels[at] = (this.protocol << 8) | this.ipVersion;
    this.tunnels[at + 1] = this.sourceAt;
    this.tunnels[at + 2] = this.destinationAt;
    this.tunnels[at + 3] = key;
    this.tunnelDepth++;
    return true;
  }

  tunnelProtocol(index: number): number {
    return (this.tunnels[index * tunnelFields] as number) >>> 8;
  }

  tunnelIpVersion(index: number): number {
    return (this.tunnels[index * tunnelFields] as number) & 0xff;
  }

  tunnelSourceAt(index: number): number {
    return this.tunnels[index * tunnelFields + 1] as number;
  }

  tunnelDestinationAt(index: number): number {
    return this.tunnels[index * tunnelFields + 2] as number;
  }

  tunnelKey(index: number): number {
    return this.tunnels[index * tunnelFields + 3] as number;
  }
}

/** Big-endian numbers at a position that the caller has checked. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
