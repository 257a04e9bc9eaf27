/** What a protocol's describer is given and returns. */
import type { Layers } from "../packet/layers.ts";
import type { FieldWriter } from "./field-writer.ts";
import type { GivenMetadata } from "./given-metadata.ts";

/** The packet that is being described. One object, refilled for each. */
export class Subject {
  bytes: Uint8Array = new Uint8Array(0);
  /** The payload, `bytes[start, end)`; empty for fragments that are not the first. */
  start = 0;
  end = 0;
  /** Number of the hunter within the shard. */
  hunter = 0;
  /** Monotonic time of the batch. */
  nowMs = 0;
  readonly layers: Layers;
  given: GivenMetadata;

  constructor(layers: Layers, given: GivenMetadata) {
    this.layers = layers;
    this.given = given;
  }
}

/**
 * Writes what a protocol adds to PacketMetadata beside addresses, without what the hunter gave, and
 * returns the text for `info`. The packet may be any of its conversation, or of no sense at all.
 */
export type Describe = (subject: Subject, writer: FieldWriter) => string;
