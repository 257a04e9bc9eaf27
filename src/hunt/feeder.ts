/** Reads packets from a capture into batches, at the wanted rate. */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { BatchEncoder } from "./batch-encoder.ts";
import type { CapturePacket } from "./capture-packet.ts";
import type { CaptureReader } from "./capture-reader.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnTraffic } from "./own-traffic.ts";
import { Pacer } from "./pacer.ts";
import type { Tally } from "./tally.ts";

export interface FeederOptions {
  readonly encoder: BatchEncoder;
  readonly outbox: Outbox;
  readonly tally: Tally;
  readonly own: OwnTraffic;
  readonly clock: Clock;
  readonly batchPackets: number;
  readonly batchTimeoutMs: number;
  /** Packets a second; 0 is without limit. */
  readonly ratePackets: number;
}

/** Reads packets from a capture into batches, as fast as the outbox has room and the rate lets it. */
export class Feeder {
  private readonly options: FeederOptions;
  private readonly pacer: Pacer | undefined;
  private sequence = 0;
  private deadlineMs = 0;
  private lastName: string | undefined;
  private stopped = false;
  /** Ends the wait under way. */
  private wake: () => void = () => {};

  constructor(options: FeederOptions) {
    this.options = options;
    const { ratePackets, clock } = options;
    this.pacer = ratePackets > 0 ? new Pacer(ratePackets, clock) : undefined;
  }

  /** To be called when a batch was sent or left the outbox. */
  noticeRoom(): void {
    this.wake();
  }

  /** Ends `readThrough` soon, also one that waits for input. What was read is in the outbox then. */
  stop(): void {
    this.stopped = true;
    this.flush();
    this.wake();
  }

  /** Reads `reader` to its end, or until `stop`. What was read is in the outbox then. */
  async readThrough(reader: CaptureReader): Promise<void> {
    const isPipe = reader.sizeBytes === undefined;
    const { own } = this.options;
    try {
      while (!this.stopped) {
        if (!this.hasRoom(isPipe)) {
          await this.wait();
          continue;
        }
        const delayMs = this.pacer?.delayMs() ?? 0;
        if (delayMs > 0) {
          await this.wait(delayMs);
          continue;
        }
        const packet = reader.next();
        // Of a file nothing is left out: it was not captured while this hunter sends it.
        if (packet !== undefined && isPipe && own.takes(packet)) continue;
        if (packet !== undefined) this.add(packet);
        else if (!(await this.fill(reader))) break;
      }
    } finally {
      this.flush();
    }
  }

  /** A file can wait, the program that writes to a pipe perhaps cannot. */
  private hasRoom(isPipe: boolean): boolean {
    const { outbox, encoder } = this.options;
    const bytes = outbox.bytes + encoder.bytes + limits.packetBytesMax;
    if (bytes > limits.huntUnackedBytesMax) return false;
    return isPipe || outbox.unsentBytes < limits.huntReadAheadBytesMax;
  }

  private add(packet: CapturePacket): void {
    const { encoder, tally, clock, batchPackets, batchTimeoutMs } = this.options;
    if (encoder.packets === 0) {
      this.sequence += 1;
      encoder.begin(this.sequence, clock.wallMs());
      this.deadlineMs = clock.monotonicMs() + batchTimeoutMs;
    }
    if (packet.interfaceName !== this.lastName) {
      this.lastName = packet.interfaceName;
      if (tally.interfaces.size < limits.huntInterfaceNamesMax)
        tally.interfaces.add(packet.interfaceName);
    }
    encoder.add(packet);
    tally.packetsRead += 1;
    tally.dataBytesRead += packet.data.length;
    this.pacer?.spend(1);
    if (encoder.packets >= batchPackets || encoder.bytes >= limits.huntBatchBytesMax) this.flush();
  }

  private flush(): void {
    const { encoder, outbox, tally } = this.options;
    const { packets } = encoder;
    if (packets === 0) return;
    const message = encoder.finish({
      captured: tally.packetsRead,
      dropped: tally.packetsSetAside,
      bufferUsage: Math.round((100 * outbox.bytes) / limits.huntUnackedBytesMax),
    });
    outbox.push({ sequence: this.sequence, packets, message, rejections: 0 });
  }

  /** As `reader.fill()`, but sends a batch whose time has come, and ends at once at a stop. */
  private async fill(reader: CaptureReader): Promise<boolean> {
    const reading: Reading = { outcome: undefined };
    const settle = (outcome: ReadOutcome): void => {
      reading.outcome = outcome;
      this.wake();
    };
    reader.fill().then(
      (hasInput) => settle({ hasInput }),
      (error: unknown) => settle({ error }),
    );
    while (reading.outcome === undefined && !this.stopped) await this.wait();
    const { outcome } = reading;
    if (outcome !== undefined && "error" in outcome) throw outcome.error;
    return outcome?.hasInput ?? false;
  }

  /** Until `wake`, for at most `ms`; a batch whose time comes meanwhile is sent. */
  private async wait(ms = Number.POSITIVE_INFINITY): Promise<void> {
    const { encoder, clock } = this.options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    const toDeadline = (): number =>
      encoder.packets > 0 ? this.deadlineMs - clock.monotonicMs() : Number.POSITIVE_INFINITY;
    const waitMs = Math.max(0, Math.min(ms, toDeadline()));
    const timer = Number.isFinite(waitMs) ? setTimeout(resolve, waitMs) : undefined;
    await promise;
    clearTimeout(timer);
    this.wake = () => {};
    if (toDeadline() <= 0) this.flush();
  }
}

type ReadOutcome = { readonly hasInput: boolean } | { readonly error: unknown };
interface Reading {
  outcome: ReadOutcome | undefined;
}
