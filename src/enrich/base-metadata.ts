/** Cache of encoded metadata for end points seen lately: protocol, addresses, ports, info. */
import { addressText } from "../base/address-text.ts";
import { limits } from "../config/limits.ts";
import { ipProtocol, type Layers } from "../packet/layers.ts";
import { FieldWriter } from "./field-writer.ts";
import { metadataField } from "./given-metadata.ts";

/** Bytes of one encoded entry; a longer one, with a long info text, is not remembered. */
const slotBytes = 192;
/** Neighbouring places that one hash may take: with one, 200 conversations push each other out. */
const places = 4;
/** Protocols, ports, and both addresses as words of 4 bytes. */
const keyWords = 10;

const transportNames: Readonly<Record<number, string>> = {
  [ipProtocol.icmp]: "ICMP",
  [ipProtocol.tcp]: "TCP",
  [ipProtocol.udp]: "UDP",
  [ipProtocol.esp]: "ESP",
  [ipProtocol.icmpv6]: "ICMPv6",
};

/** Name of an IP protocol number as clients know it, "" for one that they have no name for. */
export function transportName(protocol: number): string {
  return transportNames[protocol] ?? "";
}

/**
 * Encoded protocol, addresses, ports, transport and info of the end points seen lately: most packets
 * of a conversation have the same. A table with a few places per hash, of which a new
 * entry takes the next in turn.
 */
export class BaseMetadata {
  /** Holds the entry that `find` found, `length` bytes from `start`. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  length = 0;

  private readonly slots: Buffer = Buffer.alloc(limits.baseMetadataMax * slotBytes);
  private readonly keys: Int32Array = new Int32Array(limits.baseMetadataMax * keyWords);
  private readonly lengths: Uint16Array = new Uint16Array(limits.baseMetadataMax);
  private readonly infos: string[] = new Array<string>(limits.baseMetadataMax).fill("");
  private readonly key: Int32Array = new Int32Array(keyWords);
  private readonly writer = new FieldWriter();
  private turn = 0;

  /**
   * Finds or makes the entry of a packet. `label` is the number of `protocol`, which is "" for none;
   * `bytes` are those that `layers` were found in.
   */
  find(bytes: Uint8Array, layers: Layers, label: number, protocol: string, info: string): void {
    const first = this.setKey(bytes, layers, label);
    for (let slot = first; slot < first + places; slot++) {
      if (this.infos[slot] !== info || !this.isKey(slot)) continue;
      this.bytes = this.slots;
      this.start = slot * slotBytes;
      this.length = this.lengths[slot] as number;
      return;
    }
    this.make(bytes, layers, first, protocol, info);
  }

  private make(
    bytes: Uint8Array,
    layers: Layers,
    first: number,
    protocol: string,
    info: string,
  ): void {
    const writer = this.writer;
    writer.clear();
    writer.text(metadataField.protocol, protocol);
    writeEndpoints(writer, bytes, layers, 0);
    writer.text(metadataField.info, info);
    this.bytes = writer.bytes;
    this.start = 0;
    this.length = writer.length;
    if (writer.length > slotBytes) return;
    this.turn = (this.turn + 1) % places;
    this.keep(first + this.turn, info);
  }

  private keep(slot: number, info: string): void {
    this.writer.bytes.copy(this.slots, slot * slotBytes, 0, this.length);
    this.lengths[slot] = this.length;
    this.keys.set(this.key, slot * keyWords);
    this.infos[slot] = info;
  }

  /** Sets `key` and returns the first place of its hash. */
  private setKey(bytes: Uint8Array, layers: Layers, label: number): number {
    const key = this.key;
    const { ipVersion, sourceAt, destinationAt } = layers;
    const kind = (label << 16) | (ipVersion << 8) | layers.protocol;
    const ports = (layers.sourcePort << 16) | layers.destinationPort;
    key[0] = kind;
    key[1] = ports;
    let hash = mix(kind, ports);
    const addressBytes = ipVersion === 4 ? 4 : 16;
    for (let at = 0; at < addressBytes; at += 4) {
      const source = wordAt(bytes, sourceAt + at);
      const destination = wordAt(bytes, destinationAt + at);
      key[2 + (at >> 1)] = source;
      key[3 + (at >> 1)] = destination;
      hash = mix(mix(hash, source), destination);
    }
    return (((hash ^ (hash >>> 15)) >>> 0) % (limits.baseMetadataMax / places)) * places;
  }

  private isKey(slot: number): boolean {
    const keys = this.keys;
    const key = this.key;
    const words = this.isIpv4() ? 4 : keyWords;
    for (let word = 0, at = slot * keyWords; word < words; word++, at++) {
      if (keys[at] !== key[word]) return false;
    }
    return true;
  }

  private isIpv4(): boolean {
    return (((this.key[0] as number) >>> 8) & 0xff) === 4;
  }
}

function mix(hash: number, word: number): number {
  return Math.imul(hash ^ word ^ (hash >>> 15), 0x85eb_ca6b);
}

/** Four bytes as one number; signed, which costs less than an unsigned one. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Writes addresses, ports and transport but for those whose bit is set in `given`. */
export function writeEndpoints(
  writer: FieldWriter,
  bytes: Uint8Array,
  layers: Layers,
  given: number,
): void {
  const { sourceIp, destinationIp, sourcePort, destinationPort, transport } = metadataField;
  const isFree = (field: number): boolean => (given & (1 << field)) === 0;
  const { ipVersion } = layers;
  if (isFree(sourceIp)) writer.text(sourceIp, addressText(bytes, layers.sourceAt, ipVersion));
  if (isFree(destinationIp)) {
    writer.text(destinationIp, addressText(bytes, layers.destinationAt, ipVersion));
  }
  if (isFree(sourcePort)) writer.number(sourcePort, layers.sourcePort);
  if (isFree(destinationPort)) writer.number(destinationPort, layers.destinationPort);
  if (isFree(transport)) writer.text(transport, transportName(layers.protocol));
}
