/** What a sink of packets is, and the sink of a node that records nothing. */
import type { Batch } from "./batch.ts";

/**
 * Where a shard's packets go. A sink answers at once and never waits.
 *
 * Positions are the sink's own running numbers: whatever was offered before a position was read is
 * *done* (written, spooled, as the sink promises) when `done()` has reached it. That is the ack rule.
 */
export interface Sink {
  readonly name: string;
  /**
   * Takes the accepted packets of `batch` from index `from` on, and returns the index of the first
   * packet not taken: `batch.view.count` when all were, less when the sink is full (offer the rest
   * again after `done()` has moved). The batch's bytes are not kept.
   */
  offer(batch: Batch, from: number): number;
  /** Position after everything offered so far. */
  position(): number;
  /** Position up to which everything is done. */
  done(): number;
}

/** `--ack memory`: what the sink took is done, although it may yet be lost. */
export function doneWhenTaken(sink: Sink): Sink {
  return {
    name: sink.name,
    offer: (batch, from) => sink.offer(batch, from),
    position: () => sink.position(),
    done: () => sink.position(),
  };
}

/** The sink of a node that records nothing: an accepted packet is done when it was counted. */
export const discardSink: Sink = {
  name: "discard",
  offer: (batch) => batch.view.count,
  position: () => 0,
  done: () => 0,
};
