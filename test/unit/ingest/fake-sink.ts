/** A sink with as much room as the test gives it; it keeps copies of what it took. */
import type { Batch } from "../../../src/pipeline/batch.ts";
import type { Sink } from "../../../src/pipeline/sink.ts";

export interface TakenPacket {
  readonly hunterId: string;
  readonly hunterNumber: number;
  readonly bytes: string;
  readonly label: number;
}

export class FakeSink implements Sink {
  readonly name = "fake";
  /** Packets that it takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  readonly taken: TakenPacket[] = [];
  private doneTo = 0;

  offer(batch: Batch, from: number): number {
    const { view, rejections, labels, hunterId, hunterNumber } = batch;
    for (let index = from; index < view.count; index++) {
      if (rejections[index] !== 0) continue;
      if (this.room <= 0) return index;
      this.room--;
      const start = view.dataStart[index] as number;
      const end = start + (view.dataLength[index] as number);
      const bytes = Buffer.from(view.bytes.subarray(start, end)).toString("latin1");
      this.taken.push({ hunterId, hunterNumber, bytes, label: labels[index] as number });
    }
    return view.count;
  }

  position(): number {
    return this.taken.length;
  }

  done(): number {
    return this.doneTo;
  }

  /** Everything offered so far, or up to `position`, is done. */
  finish(position: number = this.taken.length): void {
    this.doneTo = position;
  }
}
