/** One StreamPackets RPC of a hunter. */

import { type Clock, systemClock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { ClientRpc } from "../grpc/client-rpc.ts";
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import { messagePrefix } from "../grpc/response.ts";
import type { Events } from "../telemetry/events.ts";
import type { FlowControl, StreamControl } from "../wire/gen/lippycat/data/data_pb.ts";
import { huntEvent } from "./events.ts";
import { type Flow, nextFlow, openFlow } from "./flow.ts";
import type { Outbox } from "./outbox.ts";
import { RateMeter } from "./pacer.ts";
import type { PacketRpcEvents } from "./processor-client.ts";
import type { Tally } from "./tally.ts";

export interface PacketStreamOptions {
  /** Begins the RPC. */
  readonly open: (events: PacketRpcEvents) => ClientRpc;
  readonly outbox: Outbox;
  readonly tally: Tally;
  readonly events: Events;
  /**
   * This many batches are sent one at a time, each after the acknowledgement of the one before:
   * after a rejection it must be sure which batch the next one is about.
   */
  readonly oneByOne: number;
  readonly clock?: Clock;
}

/** One RPC of StreamPackets: sends what the outbox has, takes acknowledgements and signals. */
export class PacketStream {
  /** The status with which the RPC ended. */
  readonly ended: Promise<GrpcStatus>;
  flow: Flow = openFlow;
  /** Batches acknowledged on this stream. */
  acked = 0;
  /** Of the batches that go one at a time, how many are still to be acknowledged. */
  oneByOne: number;
  private readonly options: PacketStreamOptions;
  private readonly rpc: ClientRpc;
  private readonly clock: Clock;
  private readonly meter: RateMeter;
  private writingBytes = 0;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: PacketStreamOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.meter = new RateMeter(this.clock);
    this.oneByOne = options.oneByOne;
    const { promise, resolve } = Promise.withResolvers<GrpcStatus>();
    this.ended = promise;
    this.rpc = options.open({
      onControl: (control) => this.receive(control),
      onStatus: (status) => {
        this.stop();
        resolve(status);
      },
    });
  }

  /** Sends what may be sent now. To be called when the outbox got a batch. */
  pump(): void {
    const { outbox } = this.options;
    while (!this.closed && outbox.hasUnsent && this.maySend()) {
      const batch = outbox.takeUnsent();
      if (batch === undefined) return;
      const { message, packets } = batch;
      this.writingBytes += message.length;
      this.rpc.write(messagePrefix(message.length));
      this.rpc.write(message, () => {
        this.writingBytes -= message.length;
        this.pump();
      });
      this.meter.add(packets);
      if (this.flow.kind === "slow") this.flow.pacer.spend(packets);
    }
  }

  /** Says that nothing more will be sent. The processor ends the stream then. */
  halfClose(): void {
    this.stop();
    this.rpc.halfClose();
  }

  cancel(): void {
    this.stop();
    this.rpc.cancel();
  }

  private stop(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private maySend(): boolean {
    if (this.writingBytes >= limits.huntWriteBytesMax) return false;
    if (this.oneByOne > 0 && this.options.outbox.sent > 0) return false;
    switch (this.flow.kind) {
      case "open":
        return true;
      case "paused":
        return false;
      case "slow": {
        const delayMs = this.flow.pacer.delayMs();
        if (delayMs > 0) this.pumpAfter(delayMs);
        return delayMs === 0;
      }
    }
  }

  private pumpAfter(delayMs: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.pump();
    }, delayMs);
  }

  private receive(control: StreamControl): void {
    // 0 is no batch of ours: an unprompted signal, which acknowledges nothing.
    if (control.ackSequence !== 0n) this.acknowledge(control);
    this.obey(control.flowControl);
    this.pump();
  }

  private acknowledge(control: StreamControl): void {
    const { outbox, tally, events } = this.options;
    const batch = outbox.acknowledge();
    if (batch === undefined) {
      const sequence = String(control.ackSequence);
      const text = "the node acknowledged a batch that was not sent";
      events.tell(huntEvent.strayAck, text, { sequence });
      return;
    }
    this.acked += 1;
    this.oneByOne = Math.max(0, this.oneByOne - 1);
    tally.batchesAcked += 1;
    tally.packetsAcked += batch.packets;
    if (control.error === "") return;
    tally.ackErrors += 1;
    const text = `the node acknowledged batch ${batch.sequence} with an error: ${control.error}`;
    events.tell(huntEvent.ackError, text);
  }

  private obey(control: FlowControl): void {
    const before = this.flow;
    this.flow = nextFlow(before, control, this.meter.perSecond(), this.clock);
    if (this.flow === before) return;
    const { events, tally } = this.options;
    // Under full load this happens many times a second and is no news; the progress line shows it.
    switch (this.flow.kind) {
      case "open":
        events.tell(huntEvent.resumed, "sending at full rate again");
        break;
      case "paused":
        tally.pauses += 1;
        events.tell(huntEvent.paused, "the node paused this hunter");
        break;
      case "slow": {
        const rate = Math.round(this.flow.pacer.packetsPerSecond);
        const text = `the node slowed this hunter to ${rate.toLocaleString("en-US")} packets/s`;
        events.tell(huntEvent.slowed, text);
      }
    }
  }
}
