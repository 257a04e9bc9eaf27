/** Bounded queue with tail drop: one live view, what waits for it, and what it lost. */

import { limits } from "../config/limits.ts";
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import { FramedBytes, framedRoom } from "../http2/framed-bytes.ts";
import type { Bundle, BundlePool } from "./bundle.ts";
import type { Selection } from "./selection.ts";
import type { SubscriberPort } from "./subscriber-port.ts";
import type { SubscriberReport } from "./subscriber-report.ts";

export interface SubscriberOptions {
  readonly number: number;
  readonly clientId: string;
  readonly selection: Selection;
  readonly port: SubscriberPort;
  readonly pool: BundlePool;
  /** Batches that may wait (`--subscriber-buffer`). */
  readonly batchesMax: number;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** The transport has taken what it had, and something waits. */
  readonly onWritable: () => void;
}

/** An empty PacketBatch, for a stream that is silent (docs/wire.md#subscribepackets). */
const emptyBatch = FramedBytes.spread(Buffer.alloc(framedRoom(5)), 5);

export class Subscriber {
  readonly number: number;
  readonly port: SubscriberPort;
  readonly clientId: string;
  ended = false;
  /** Whether control was told of it. */
  isKnown = false;
  private readonly options: SubscriberOptions;
  /** Those that are told: a list of thousands every second would keep two threads busy. */
  private readonly hunters: readonly string[] | undefined;
  private readonly queue: Bundle[] = [];
  private queuedBatches = 0;
  private queuedBytes = 0;
  /** The transport has not yet taken what was written last. It gets no more until it has, so that the
   * rest waits here, where it is counted. */
  private isWriting = false;
  private written: Bundle | undefined = undefined;
  private sent = 0;
  /** Batches lost since it read too slowly, and since the node had no time or room for them. */
  private dropped = 0;
  private missed = 0;
  private toldDropped = 0;
  private toldMissed = 0;
  private lastWriteMs: number;

  constructor(options: SubscriberOptions) {
    this.options = options;
    this.number = options.number;
    this.port = options.port;
    this.clientId = options.clientId;
    this.hunters = options.selection.hunters?.slice(0, limits.subscriberHuntersShownMax);
    this.lastWriteMs = options.nowMs;
  }

  /** False when one batch more, behind those of `bundle`, would be lost. */
  hasRoom(bundle: Bundle | undefined): boolean {
    const batches = this.queuedBatches + (bundle?.batches ?? 0);
    const bytes = this.queuedBytes + (bundle?.length ?? 0);
    return batches < this.options.batchesMax && bytes < limits.subscriberQueueBytesMax;
  }

  /** Queues the bundle, or counts its batches as lost. */
  offer(bundle: Bundle): void {
    const fits =
      this.queuedBatches + bundle.batches <= this.options.batchesMax &&
      (this.queuedBytes + bundle.length <= limits.subscriberQueueBytesMax ||
        this.queue.length === 0);
    if (!fits) {
      // A bundle without a batch of its own holds the rest of one: then a part of that is lost.
      this.dropped += Math.max(1, bundle.batches);
      return;
    }
    this.options.pool.enqueue(bundle);
    this.queue.push(bundle);
    this.queuedBatches += bundle.batches;
    this.queuedBytes += bundle.length;
  }

  /** Counts batches that were not even made for it, because its queue is full. */
  drop(batches: number): void {
    this.dropped += batches;
  }

  /** Counts batches that the node had no time or room for. */
  miss(batches: number): void {
    this.missed += batches;
  }

  /** Serial number of the oldest bundle that waits; infinite when none does. */
  get oldest(): number {
    return this.queue[0]?.serial ?? Number.POSITIVE_INFINITY;
  }

  /** Gives up everything that waits: memory is short, and this one is the furthest behind. */
  clear(): void {
    for (const bundle of this.queue) this.options.pool.discard(bundle);
    this.missed += this.queuedBatches;
    this.queue.length = 0;
    this.queuedBatches = 0;
    this.queuedBytes = 0;
  }

  get isWritable(): boolean {
    return this.queue.length > 0 && !this.isWriting;
  }

  /** Writes the oldest bundle; the caller has asked `isWritable`. */
  write(nowMs: number): void {
    const bundle = this.queue.shift();
    if (bundle === undefined) return;
    this.options.pool.send(bundle);
    this.queuedBatches -= bundle.batches;
    this.queuedBytes -= bundle.length;
    this.sent += bundle.batches;
    this.written = bundle;
    this.send(bundle.frames(), nowMs);
  }

  /** Sends an empty batch when nothing was sent for long. */
  keepAlive(nowMs: number): void {
    if (this.queue.length > 0 || nowMs - this.lastWriteMs < limits.subscriberIdleMs) return;
    if (!this.isWriting) this.send(emptyBatch, nowMs);
  }

  /** The call is over. */
  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.clear();
    if (this.written !== undefined) this.options.pool.abandon(this.written);
    this.written = undefined;
  }

  end(status: GrpcStatus): void {
    if (this.ended) return;
    this.close();
    this.port.end(status);
  }

  /** Batches lost since the last call. */
  takeLost(): { dropped: number; missed: number } {
    const lost = {
      dropped: this.dropped - this.toldDropped,
      missed: this.missed - this.toldMissed,
    };
    this.toldDropped = this.dropped;
    this.toldMissed = this.missed;
    return lost;
  }

  report(): SubscriberReport {
    const { clientId, selection, port } = this.options;
    return {
      number: this.number,
      clientId,
      peer: port.peer,
      hunters: this.hunters,
      hunterCount: selection.hunters?.length ?? 0,
      expression: selection.expression,
      batchesSent: this.sent,
      batchesDropped: this.dropped + this.missed,
      batchesQueued: this.queuedBatches,
      ended: this.ended,
    };
  }

  private send(frames: FramedBytes, nowMs: number): void {
    this.lastWriteMs = nowMs;
    this.isWriting = true;
    this.port.write(frames, () => {
      this.isWriting = false;
      if (this.written !== undefined) this.options.pool.taken(this.written);
      this.written = undefined;
      if (this.queue.length > 0) this.options.onWritable();
    });
  }
}
