/** Encodes packets as they came, and of the head only the hunter and the sequence. */
import type { BatchEncoder } from "../../../src/fanout/batch-encoder.ts";
import type { Batch } from "../../../src/pipeline/batch.ts";
import type { EncodedPackets } from "../../../src/pipeline/encoded-packets.ts";

export class PlainEncoder implements BatchEncoder, EncodedPackets {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  index: Uint32Array = new Uint32Array(0);
  start: Uint32Array = new Uint32Array(0);
  end: Uint32Array = new Uint32Array(0);
  /** Batches that somebody wanted. */
  encoded = 0;

  encode(batch: Batch): EncodedPackets {
    const { view, rejections } = batch;
    this.encoded++;
    const parts: Buffer[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    const indices: number[] = [];
    let at = 0;
    for (let index = 0; index < view.count; index++) {
      if (rejections[index] !== 0) continue;
      const from = view.packetStart[index] as number;
      const length = view.packetLength[index] as number;
      const part = Buffer.concat([
        Buffer.from([0x22, ...varint(length)]),
        view.bytes.subarray(from, from + length),
      ]);
      parts.push(part);
      indices.push(index);
      starts.push(at);
      at += part.length;
      ends.push(at);
    }
    this.bytes = Buffer.concat(parts);
    this.count = parts.length;
    this.index = Uint32Array.from(indices);
    this.start = Uint32Array.from(starts);
    this.end = Uint32Array.from(ends);
    return this;
  }

  headBytesMax(batch: Batch): number {
    return 16 + Buffer.byteLength(batch.hunterId);
  }

  writeHead({ view, hunterId }: Batch, target: Buffer, at: number): number {
    const id = Buffer.from(hunterId);
    const head = Buffer.from([
      ...[0x0a, ...varint(id.length), ...id],
      ...[0x10, ...varint(view.sequenceLow)],
    ]);
    return at + head.copy(target, at);
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
