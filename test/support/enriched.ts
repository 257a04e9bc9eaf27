/** Enriches batches in tests and decodes what subscribers would get. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { createDetection } from "../../src/detect/detection.ts";
import { detectors } from "../../src/detect/registry.ts";
import { batchHeadBytesMax, writeBatchHead } from "../../src/enrich/batch-head.ts";
import { Enricher } from "../../src/enrich/enricher.ts";
import type { Batch } from "../../src/pipeline/batch.ts";
import {
  type CapturedPacket,
  type PacketBatch,
  PacketBatchSchema,
} from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { wrapBatch } from "./encode-batch.ts";

/** Labels by protocol number, as the node has them. */
export const protocolNames: readonly string[] = ["", ...detectors.map(({ name }) => name)];

/** A packet as a hunter sends it; the link type is Ethernet when it is not given. */
export type SentPacket = NonNullable<MessageInitShape<typeof PacketBatchSchema>["packets"]>[number];

/** The batch of one hunter with what detection says of it; labels go on from batch to batch. */
export function labelledBatch(
  packets: readonly SentPacket[],
  detection: ReturnType<typeof createDetection> = createDetection(),
): Batch {
  const withLinks = packets.map((packet) => ({ linkType: 1, ...packet }));
  const sent = create(PacketBatchSchema, { hunterId: "north", sequence: 7n, packets: withLinks });
  const batch = wrapBatch(toBinary(PacketBatchSchema, sent), "north", 1);
  detection.inspect(batch);
  return batch;
}

/** The whole PacketBatch that a subscriber gets of it. */
export function decodeEnriched(batch: Batch, enricher: Enricher): PacketBatch {
  return fromBinary(PacketBatchSchema, enrichedBytes(batch, enricher));
}

export function enrichedBytes(batch: Batch, enricher: Enricher): Uint8Array {
  const { bytes, count, start, end } = enricher.enrich(batch);
  const head = Buffer.alloc(batchHeadBytesMax(batch));
  const headLength = writeBatchHead(batch, head, 0);
  for (let entry = 1; entry < count; entry++) {
    if (start[entry] !== end[entry - 1]) throw new Error(`a gap before entry ${entry}`);
  }
  const packets = count === 0 ? bytes.subarray(0, 0) : bytes.subarray(0, end[count - 1]);
  return Buffer.concat([head.subarray(0, headLength), packets]);
}

/** Enriched packets of one batch, by a node that saw nothing before. */
export function enrich(packets: readonly SentPacket[]): CapturedPacket[] {
  return decodeEnriched(labelledBatch(packets), new Enricher({ protocolNames })).packets;
}
