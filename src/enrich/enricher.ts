/**
 * The room of enrichment: what subscribers get of a packet besides its bytes.
 *
 * A packet is sent as it was received, with a second occurrence of `metadata` behind it that holds only
 * what the hunter left empty: protobuf merges the two (docs/enrichment.md). What a client could not
 * read is left out (docs/wire.md#messages): one string that is no UTF-8 makes Go refuse the
 * whole batch.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import { findLayers } from "../packet/find-layers.ts";
import { fragment, Layers } from "../packet/layers.ts";
import type { Batch } from "../pipeline/batch.ts";
import type { EncodedPackets } from "../pipeline/encoded-packets.ts";
import { FieldCursor } from "../wire/field-cursor.ts";
import type { PacketBatchView } from "../wire/packet-batch.ts";
import { writeBare } from "./bare-packet.ts";
import { BaseMetadata, writeEndpoints } from "./base-metadata.ts";
import { type Describe, Subject } from "./description.ts";
import { EntryBuffer } from "./enriched-batch.ts";
import { FieldWriter } from "./field-writer.ts";
import { GivenMetadata, metadataField } from "./given-metadata.ts";
import { packetShape } from "./message-shape.ts";
import { protocolDescribers } from "./protocol-describers.ts";
import { isSound, isText, writeSound } from "./sound-message.ts";

const metadataOfPacket = 7;
/** Bits of the fields that `BaseMetadata` holds. */
const baseFields = [
  ...[metadataField.protocol, metadataField.sourceIp, metadataField.destinationIp],
  ...[metadataField.sourcePort, metadataField.destinationPort, metadataField.transport],
  metadataField.info,
].reduce((bits, field) => bits | (1 << field), 0);

export interface EnricherOptions {
  /** Labels by protocol number; index 0 is "". */
  readonly protocolNames: readonly string[];
  readonly clock?: Clock;
}

/** Enriches the batches of one shard. Not to be shared between threads. */
export class Enricher {
  /** Strings of hunters that were left out since they are no UTF-8, and fields that do not decode. */
  stringsLeftOut = 0;

  private readonly names: readonly string[];
  /** Protocol numbers by label. */
  private readonly numbers: ReadonlyMap<string, number>;
  /** By protocol number; undefined where `info` is the label. */
  private readonly describers: readonly (Describe | undefined)[];
  private readonly clock: Clock;
  private readonly out = new EntryBuffer();
  private readonly base = new BaseMetadata();
  private readonly layers = new Layers();
  private readonly given = new GivenMetadata();
  private readonly nothing = new GivenMetadata();
  private readonly subject: Subject;
  private readonly metadata = new FieldWriter();
  private readonly sound = new FieldWriter();
  private readonly cursor = new FieldCursor();
  private nameStart = 0;
  private nameLength = 0;

  constructor(options: EnricherOptions) {
    this.names = options.protocolNames;
    this.clock = options.clock ?? systemClock;
    this.numbers = new Map(this.names.map((name, number) => [name, number]));
    const describers = protocolDescribers(this.clock);
    this.describers = this.names.map((name) => describers.get(name));
    this.subject = new Subject(this.layers, this.nothing);
  }

  /**
   * Encodes each accepted packet of the batch. The result is valid until the next call. Never throws on
   * any bytes that the batch walker takes.
   */
  enrich(batch: Batch): EncodedPackets {
    const { view, rejections, labels } = batch;
    const out = this.out;
    out.clear(view.count);
    const { buffer, byteOffset, byteLength } = view.bytes;
    const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    this.subject.bytes = bytes;
    this.subject.hunter = batch.hunterNumber;
    this.subject.nowMs = this.clock.monotonicMs();
    this.nameLength = 0;
    for (let index = 0; index < view.count; index++) {
      if (rejections[index] !== 0) continue;
      const label = labels[index] as number;
      if ((view.packetLength[index] as number) > limits.enrichedPacketBytesMax) {
        this.addBare(view, bytes, index, label);
        continue;
      }
      const isPlain = view.hasMore[index] === 0 && view.metadataLength[index] === 0;
      if (isPlain && this.hasSoundName(view, index)) this.addPlain(view, bytes, index, label);
      else this.addChecked(view, bytes, index, label);
    }
    return out;
  }

  /** True when the interface's name is that of the packet before, which is checked, or is sound itself. */
  private hasSoundName(view: PacketBatchView, index: number): boolean {
    const length = view.interfaceNameLength[index] as number;
    if (length === 0) return true;
    const start = view.interfaceNameStart[index] as number;
    if (length === this.nameLength && isSame(view.bytes, start, this.nameStart, length))
      return true;
    if (!isText(view.bytes, start, start + length)) return false;
    this.nameStart = start;
    this.nameLength = length;
    return true;
  }

  /** A packet of which the hunter says nothing: most are. */
  private addPlain(view: PacketBatchView, bytes: Buffer, index: number, label: number): void {
    const start = view.packetStart[index] as number;
    const end = start + (view.packetLength[index] as number);
    this.describe(view, index, label, this.nothing);
    this.addEntry(index, bytes, start, end);
  }

  /** A packet of which the hunter says more than clients take in one message: without all of that. */
  private addBare(view: PacketBatchView, received: Buffer, index: number, label: number): void {
    const start = view.packetStart[index] as number;
    const bare = this.sound;
    bare.clear();
    writeBare(bare, received, start, start + (view.packetLength[index] as number));
    this.stringsLeftOut++;
    this.describe(view, index, label, this.nothing);
    this.addEntry(index, bare.bytes, 0, bare.length);
  }

  /** A packet with metadata or with strings that must be looked at. */
  private addChecked(view: PacketBatchView, received: Buffer, index: number, label: number): void {
    const start = view.packetStart[index] as number;
    const end = start + (view.packetLength[index] as number);
    if (isSound(received, start, end, packetShape)) {
      this.describeGiven(view, index, label, received, start, end);
      this.addEntry(index, received, start, end);
      return;
    }
    const sound = this.sound;
    this.stringsLeftOut += writeSound(sound, received, start, end, packetShape);
    this.describeGiven(view, index, label, sound.bytes, 0, sound.length);
    this.addEntry(index, sound.bytes, 0, sound.length);
    // A giant one is not kept.
    sound.clear();
  }

  /** Adds the packet `bytes[start, end)` with what was found out of it. */
  private addEntry(index: number, bytes: Buffer, start: number, end: number): void {
    const out = this.out;
    const base = this.base;
    const writer = this.metadata;
    const isRoom = out.length <= limits.enrichedBytesMax;
    out.begin(index, bytes, start, end, isRoom ? base.length + writer.length : 0);
    if (!isRoom) return;
    if (base.length > 0) out.add(base.bytes, base.start, base.length);
    if (writer.length > 0) out.add(writer.bytes, 0, writer.length);
  }

  /** Describes a packet whose metadata, if any, is in the sound CapturedPacket `bytes[start, end)`. */
  private describeGiven(
    view: PacketBatchView,
    index: number,
    label: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const given = this.given;
    given.clear();
    const cursor = this.cursor;
    cursor.open(bytes, start, end);
    while (cursor.next()) {
      if (cursor.field === metadataOfPacket) given.add(bytes, cursor.start, cursor.end);
    }
    const protocol = given.protocol || impliedProtocol(given);
    // What has no number is a protocol of which we have nothing to say.
    const number = protocol === "" ? label : (this.numbers.get(protocol) ?? -1);
    this.describe(view, index, number, given);
  }

  /** Leaves in `base` and `metadata` what is to be told of a packet beside what is given. */
  private describe(
    view: PacketBatchView,
    index: number,
    number: number,
    given: GivenMetadata,
  ): void {
    const writer = this.metadata;
    const base = this.base;
    writer.clear();
    base.length = 0;
    const isFound = this.findLayers(view, index);
    if (!isFound && given.fields === 0) return;
    const protocol = this.names[number] ?? "";
    const describe = this.describers[number];
    this.subject.given = given;
    const info = describe === undefined ? protocol : describe(this.subject, writer);
    if (isFound && (given.fields & baseFields) === 0) {
      base.find(view.bytes, this.layers, number, protocol, info);
      return;
    }
    if (!given.has(metadataField.protocol)) writer.text(metadataField.protocol, protocol);
    if (isFound) writeEndpoints(writer, view.bytes, this.layers, given.fields);
    if (!given.has(metadataField.info)) writer.text(metadataField.info, info);
  }

  /** Finds the layers of a packet, and sets the payload that is described. */
  private findLayers(view: PacketBatchView, index: number): boolean {
    const layers = this.layers;
    const subject = this.subject;
    const start = view.dataStart[index] as number;
    const end = start + (view.dataLength[index] as number);
    const isFound = findLayers(layers, view.bytes, start, end, view.linkType[index] as number);
    const isWhole = isFound && layers.fragment !== fragment.later;
    subject.start = isWhole ? layers.payloadStart : end;
    subject.end = isWhole ? layers.payloadStart + layers.payloadLength : end;
    return isFound;
  }
}

/** VoIP hunters leave the protocol empty, and give SIP, or RTP with the Call-ID as SIP. */
function impliedProtocol(given: GivenMetadata): string {
  if (given.has(metadataField.rtp)) return "RTP";
  return given.has(metadataField.sip) ? "SIP" : "";
}

function isSame(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let index = 0; index < length; index++)
    if (bytes[a + index] !== bytes[b + index]) return false;
  return true;
}
