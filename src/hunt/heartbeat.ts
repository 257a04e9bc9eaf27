/** The heartbeats of a hunter. */
import { createWritableIterable, type WritableIterable } from "@connectrpc/connect/protocol";
import type {
  HunterHeartbeat,
  ProcessorHeartbeat,
} from "../wire/gen/lippycat/management/management_pb.ts";

export interface HeartbeatOptions {
  /** The stream of heartbeats and their answers. */
  readonly open: (beats: AsyncIterable<HunterHeartbeat>) => AsyncIterable<ProcessorHeartbeat>;
  readonly compose: () => HunterHeartbeat;
  readonly intervalMs: number;
}

/**
 * Sends a heartbeat at once and then at the interval. A heartbeat stream that ended is opened anew
 * with the next one: whether the processor is there is for the packet stream to find out.
 */
export class Heartbeat {
  private readonly options: HeartbeatOptions;
  private readonly timer: NodeJS.Timeout;
  /** Of the stream that is open. */
  private beats: WritableIterable<HunterHeartbeat> | undefined;
  /** The stream has not taken the last one yet. */
  private blocked = false;

  constructor(options: HeartbeatOptions) {
    this.options = options;
    this.timer = setInterval(() => this.beat(), options.intervalMs);
    this.beat();
  }

  /** Sends a last heartbeat (the hunter's state says that it stops) and ends the stream. */
  stop(): void {
    clearInterval(this.timer);
    if (this.beats === undefined) return;
    void this.send(this.beats);
    this.beats.close();
  }

  private beat(): void {
    const beats = this.beats ?? this.open();
    if (!this.blocked) void this.send(beats);
  }

  private async send(beats: WritableIterable<HunterHeartbeat>): Promise<void> {
    this.blocked = true;
    try {
      await beats.write(this.options.compose());
      if (this.beats === beats) this.blocked = false;
    } catch {
      // The stream has ended: the next heartbeat opens another.
    }
  }

  private open(): WritableIterable<HunterHeartbeat> {
    const beats = createWritableIterable<HunterHeartbeat>();
    this.beats = beats;
    this.blocked = false;
    void this.read(beats);
    return beats;
  }

  /** What the answers say is of no use to a hunter, but they have to be read. */
  private async read(beats: WritableIterable<HunterHeartbeat>): Promise<void> {
    try {
      for await (const _ of this.options.open(beats));
    } catch {
      // As when it ends in order.
    }
    if (this.beats === beats) this.beats = undefined;
  }
}
