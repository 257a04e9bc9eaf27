/** Sends a hunter's heartbeats. */
import type { HunterHeartbeat } from "../wire/gen/lippycat/management/management_pb.ts";
import type { HeartbeatCall } from "./processor-client.ts";

export interface HeartbeatOptions {
  readonly open: () => HeartbeatCall;
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
  private call: HeartbeatCall | undefined;
  private blocked = false;

  constructor(options: HeartbeatOptions) {
    this.options = options;
    this.timer = setInterval(() => this.beat(), options.intervalMs);
    this.beat();
  }

  /** Sends a last heartbeat (the hunter's state says that it stops) and ends the stream. */
  stop(): void {
    clearInterval(this.timer);
    if (this.call === undefined) return;
    this.beat();
    this.call?.end();
  }

  private beat(): void {
    const call = this.call ?? this.open();
    if (this.blocked) return;
    this.blocked = !call.write(this.options.compose());
  }

  private open(): HeartbeatCall {
    const call = this.options.open();
    this.call = call;
    this.blocked = false;
    // What the reply says is of no use to a hunter, but it has to be read.
    call.on("data", () => {});
    call.on("drain", () => {
      this.blocked = false;
    });
    call.on("error", () => {});
    call.on("status", () => {
      if (this.call === call) this.call = undefined;
    });
    return call;
  }
}
