/** Encodes packets as a PacketBatch. */
import { assert } from "../base/assert.ts";
import { limits } from "../config/limits.ts";
import type { CapturePacket } from "./capture-packet.ts";

/** Counters of the hunter that travel with each batch (`BatchStats`). */
export interface BatchCounters {
  readonly captured: number;
  readonly dropped: number;
  /** Percent. */
  readonly bufferUsage: number;
}

/** Tags of `lippycat.data`, wire type included (docs/wire.md#messages). */
const tag = {
  hunterId: 0x0a,
  sequence: 0x10,
  batchTime: 0x18,
  packet: 0x22,
  stats: 0x2a,
  data: 0x0a,
  time: 0x10,
  captureLength: 0x18,
  originalLength: 0x20,
  interfaceIndex: 0x28,
  linkType: 0x30,
  interfaceName: 0x42,
  totalCaptured: 0x08,
  filteredMatched: 0x10,
  dropped: 0x18,
  bufferUsage: 0x20,
} as const;

const varint64BytesMax = 10;
const bytesAtStart = 128 * 1024;
const statsBytesMax = 4 * (1 + varint64BytesMax);
/** Of a packet's fields but data and name: tags, lengths and numbers. */
const packetOverheadMax = 64;
/** A batch is closed by the packet that takes it to its limit. */
const batchBytesMax = limits.huntBatchBytesMax + limits.packetBytesMax + 4096;
const two32 = 2 ** 32;

/**
 * Lays packets out as an encoded `lippycat.data.PacketBatch`, in one buffer that is used again;
 * `finish` copies the message out. protobuf-es would cost more than everything else together.
 */
export class BatchEncoder {
  packets = 0;
  private readonly hunterId: Buffer;
  private buffer: Buffer = Buffer.allocUnsafe(bytesAtStart);
  private at = 0;
  private lastName = "";
  private lastNameBytes: Buffer = Buffer.alloc(0);

  constructor(hunterId: string) {
    this.hunterId = Buffer.from(hunterId);
  }

  /** Bytes of the batch so far. */
  get bytes(): number {
    return this.at;
  }

  /** Starts a batch. `sequence` is below 2^53; `timeMs` is milliseconds since 1970. */
  begin(sequence: number, timeMs: number): void {
    this.packets = 0;
    this.at = 0;
    this.reserve(this.hunterId.length + packetOverheadMax);
    this.bytesField(tag.hunterId, this.hunterId);
    this.numberField(tag.sequence, sequence);
    this.buffer[this.at++] = tag.batchTime;
    const milliseconds = Math.floor(timeMs);
    const upper = Math.floor(milliseconds / two32) * 1e6;
    const lower = (milliseconds % two32) * 1e6;
    this.varint64(lower >>> 0, (upper + Math.floor(lower / two32)) >>> 0);
  }

  add(packet: CapturePacket): void {
    if (packet.interfaceName !== this.lastName) {
      this.lastName = packet.interfaceName;
      this.lastNameBytes = Buffer.from(packet.interfaceName);
    }
    const { data } = packet;
    const name = this.lastNameBytes;
    this.reserve(data.length + name.length + packetOverheadMax);
    this.buffer[this.at++] = tag.packet;
    this.varint(packetBytes(packet, name.length));
    this.bytesField(tag.data, data);
    if (packet.timeLow !== 0 || packet.timeHigh !== 0) {
      this.buffer[this.at++] = tag.time;
      this.varint64(packet.timeLow, packet.timeHigh);
    }
    this.numberField(tag.captureLength, data.length);
    this.numberField(tag.originalLength, packet.originalLength);
    this.numberField(tag.interfaceIndex, packet.interfaceIndex);
    this.numberField(tag.linkType, packet.linkType);
    this.bytesField(tag.interfaceName, name);
    this.packets += 1;
  }

  /** Ends the batch: the encoded message, which belongs to the caller. */
  finish(counters: BatchCounters): Buffer {
    this.reserve(statsBytesMax + packetOverheadMax);
    const length =
      numberBytes(counters.captured) * 2 +
      numberBytes(counters.dropped) +
      numberBytes(counters.bufferUsage);
    this.buffer[this.at++] = tag.stats;
    this.varint(length);
    this.numberField(tag.totalCaptured, counters.captured);
    this.numberField(tag.filteredMatched, counters.captured);
    this.numberField(tag.dropped, counters.dropped);
    this.numberField(tag.bufferUsage, counters.bufferUsage);
    const message = Buffer.from(this.buffer.subarray(0, this.at));
    this.at = 0;
    this.packets = 0;
    return message;
  }

  private reserve(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    assert(this.at <= batchBytesMax, "a batch is sent when it is long enough");
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + count));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  // proto3 leaves out fields that have their default.
  private numberField(fieldTag: number, value: number): void {
    if (value === 0) return;
    this.buffer[this.at++] = fieldTag;
    this.varint(value);
  }

  private bytesField(fieldTag: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.buffer[this.at++] = fieldTag;
    this.varint(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.at++] = rest;
  }

  private varint64(low: number, high: number): void {
    let lowBits = low;
    let highBits = high;
    while (highBits !== 0 || lowBits > 0x7f) {
      this.buffer[this.at++] = (lowBits & 0x7f) | 0x80;
      lowBits = ((lowBits >>> 7) | (highBits << 25)) >>> 0;
      highBits >>>= 7;
    }
    this.buffer[this.at++] = lowBits;
  }
}

function packetBytes(packet: CapturePacket, nameBytes: number): number {
  const time = packet.timeLow !== 0 || packet.timeHigh !== 0;
  return (
    lengthBytes(packet.data.length) +
    (time ? 1 + varint64Bytes(packet.timeLow, packet.timeHigh) : 0) +
    numberBytes(packet.data.length) +
    numberBytes(packet.originalLength) +
    numberBytes(packet.interfaceIndex) +
    numberBytes(packet.linkType) +
    lengthBytes(nameBytes)
  );
}

/** Of a field with `length` bytes, tag and length included. */
function lengthBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

function numberBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  let count = 3;
  for (let rest = Math.floor(value / 0x20_0000); rest > 0; rest = Math.floor(rest / 128))
    count += 1;
  return count;
}

function varint64Bytes(low: number, high: number): number {
  return high === 0 ? varintBytes(low) : Math.ceil((64 - Math.clz32(high)) / 7);
}
