/** Builds packets layer by layer for tests. Checksums are left 0: nothing of ours reads them. */

export interface Ports {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface TcpFields extends Ports {
  readonly flags?: number;
  readonly sequence?: number;
  /** Bytes of options, a multiple of 4. */
  readonly options?: number;
}

export interface Ipv4Fields {
  readonly protocol: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly identification?: number;
  /** Offset in 8-byte units, with 0x2000 for "more fragments". */
  readonly fragment?: number;
  /** Bytes of options, a multiple of 4. */
  readonly options?: number;
  /** Default: what follows. */
  readonly totalLength?: number;
}

export interface Ipv6Fields {
  readonly nextHeader: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
}

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function uint16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value)];
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function hex(value: string): Uint8Array {
  return Uint8Array.fromHex(value.replaceAll(/\s/g, ""));
}

export function ethernet(etherType: number, inside: Uint8Array): Uint8Array {
  return concat([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], uint16(etherType), inside);
}

/** A tag of IEEE 802.1Q, to stand behind EtherType 0x8100. */
export function vlanTag(id: number, etherType: number, inside: Uint8Array): Uint8Array {
  return concat(uint16(id), uint16(etherType), inside);
}

export function ipv4(fields: Ipv4Fields, inside: Uint8Array): Uint8Array {
  const options = fields.options ?? 0;
  return concat(
    [0x45 + options / 4, 0],
    uint16(fields.totalLength ?? 20 + options + inside.length),
    uint16(fields.identification ?? 0),
    uint16(fields.fragment ?? 0),
    [64, fields.protocol, 0, 0],
    fields.source ?? [10, 0, 0, 1],
    fields.destination ?? [10, 0, 0, 2],
    new Uint8Array(options).fill(1),
    inside,
  );
}

export function ipv6(fields: Ipv6Fields, inside: Uint8Array): Uint8Array {
  const host = (last: number) => [0x20, 0x01, 0x0d, 0xb8, ...new Uint8Array(11), last];
  return concat(
    [0x60, 0, 0, 0],
    uint16(inside.length),
    [fields.nextHeader, 64],
    fields.source ?? host(1),
    fields.destination ?? host(2),
    inside,
  );
}

export function udpDatagram(ports: Ports, payload: Uint8Array): Uint8Array {
  const { sourcePort, destinationPort } = ports;
  const length = uint16(payload.length + 8);
  return concat(uint16(sourcePort), uint16(destinationPort), length, [0, 0], payload);
}

/** Flags default to PSH and ACK. */
export function tcpSegment(fields: TcpFields, payload: Uint8Array): Uint8Array {
  const options = fields.options ?? 0;
  return concat(
    uint16(fields.sourcePort),
    uint16(fields.destinationPort),
    uint32(fields.sequence ?? 0),
    [0, 0, 0, 0, 0x50 + options * 4, fields.flags ?? 0x18, 0x20, 0, 0, 0, 0, 0],
    new Uint8Array(options).fill(1),
    payload,
  );
}
