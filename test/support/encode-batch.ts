/** Encodes PacketBatch by hand, for tests. */
import type { Batch } from "../../src/pipeline/batch.ts";
import { PacketBatchView, walkOutcomeText, walkPacketBatch } from "../../src/wire/packet-batch.ts";

/** One packet to encode. `captureLength` and `originalLength` default to the length of `data`. */
export interface PacketToEncode {
  readonly data: Uint8Array;
  readonly timeNs?: bigint;
  readonly captureLength?: number;
  readonly originalLength?: number;
  readonly interfaceIndex?: number;
  readonly linkType?: number;
  /** Bytes for a name that is no valid UTF-8. */
  readonly interfaceName?: string | Uint8Array;
  /** An encoded PacketMetadata. */
  readonly metadata?: Uint8Array;
}

export interface BatchToEncode {
  readonly hunterId?: string | Uint8Array;
  readonly sequence?: bigint;
  readonly timestampNs?: bigint;
  readonly packets: readonly PacketToEncode[];
  readonly stats?: { readonly captured: bigint; readonly dropped: bigint };
}

/** Encodes a `lippycat.data.PacketBatch` by hand (docs/wire.md#messages), as a Go hunter would. */
export function encodeBatch(batch: BatchToEncode): Uint8Array {
  const writer = new ByteWriter();
  writer.text(1, batch.hunterId ?? "hunter");
  writer.number(2, batch.sequence ?? 1n);
  writer.number(3, batch.timestampNs ?? 0n);
  const packetWriter = new ByteWriter();
  for (const packet of batch.packets) {
    packetWriter.length = 0;
    encodePacket(packetWriter, packet);
    writer.field(4, packetWriter.bytes, packetWriter.length);
  }
  if (batch.stats !== undefined) {
    packetWriter.length = 0;
    packetWriter.number(1, batch.stats.captured);
    packetWriter.number(3, batch.stats.dropped);
    writer.field(5, packetWriter.bytes, packetWriter.length);
  }
  return writer.bytes.slice(0, writer.length);
}

function encodePacket(writer: ByteWriter, packet: PacketToEncode): void {
  writer.field(1, packet.data, packet.data.length);
  writer.number(2, packet.timeNs ?? 0n);
  writer.number(3, BigInt(packet.captureLength ?? packet.data.length));
  writer.number(4, BigInt(packet.originalLength ?? packet.data.length));
  writer.number(5, BigInt(packet.interfaceIndex ?? 0));
  writer.number(6, BigInt(packet.linkType ?? 1));
  if (packet.metadata !== undefined) writer.field(7, packet.metadata, packet.metadata.length);
  writer.text(8, packet.interfaceName ?? "");
}

/** Encodes, walks and wraps packets as the batch that a shard's stages are given. */
export function makeBatch(batch: BatchToEncode, hunterNumber = 1): Batch {
  const id = batch.hunterId ?? "hunter";
  const text = typeof id === "string" ? id : Buffer.from(id).toString("utf8");
  return wrapBatch(encodeBatch(batch), text, hunterNumber);
}

/** Walks encoded bytes, which must be good, and wraps them as a batch without rejections. */
export function wrapBatch(bytes: Uint8Array, hunterId: string, hunterNumber: number): Batch {
  const view = new PacketBatchView();
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const outcome = walkPacketBatch(view, message, message.length);
  if (outcome !== 0) throw new Error(`the batch does not decode: ${walkOutcomeText(outcome)}`);
  return {
    view,
    hunterNumber,
    hunterId,
    rejections: new Uint8Array(view.capacity),
    labels: new Uint8Array(view.capacity),
  };
}

class ByteWriter {
  bytes = new Uint8Array(4096);
  length = 0;

  varint(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  /** A varint field; left out when zero, as proto3 does. */
  number(field: number, value: bigint): void {
    if (value === 0n) return;
    this.varint(BigInt(field << 3));
    this.varint(value);
  }

  field(field: number, from: Uint8Array, length: number): void {
    this.varint(BigInt((field << 3) | 2));
    this.varint(BigInt(length));
    this.reserve(length);
    this.bytes.set(from.subarray(0, length), this.length);
    this.length += length;
  }

  text(field: number, value: string | Uint8Array): void {
    const encoded = typeof value === "string" ? new TextEncoder().encode(value) : value;
    if (encoded.length === 0) return;
    this.field(field, encoded, encoded.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
