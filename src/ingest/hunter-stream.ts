/** The state of one StreamPackets RPC. What happens to it is decided in `ingest.ts`. */

import type { GrpcStatus } from "../grpc/grpc-status.ts";
import type { HunterEntry, StreamMembers } from "./hunter-table.ts";
import { type FlowLevel, flowControl } from "./pressure.ts";
import { streamControlBytesMax, writeStreamControl } from "./stream-control.ts";
import type { StreamPort } from "./stream-port.ts";

export class HunterStream {
  readonly port: StreamPort;
  /** Whose batch came last; undefined before the first. */
  hunter: HunterEntry | undefined = undefined;
  /** The bytes of that hunter's id as they came, for a comparison without a string; undefined when
   * it is to be looked at anew. */
  wireId: Uint8Array | undefined = undefined;
  /** The hunters seen on it; more than `limits.streamHuntersMax` are not kept. */
  readonly members: StreamMembers = new Set();
  /** Batches of more than one hunter came on it. */
  mixed = false;
  /** The level that this client was told last. */
  signalled: FlowLevel = flowControl.continue;
  pendingAcks = 0;
  batches = 0;
  /** A message that was read and not looked at, because others wait for room in the sink. */
  waiting: Buffer | undefined = undefined;
  /** Set when the RPC shall end as soon as its last ack is out. */
  closing: GrpcStatus | undefined = undefined;
  /** False while `port` was told to stop. */
  reading = true;
  ended = false;
  /** Its client has left; whole messages that came before are still taken, and not acknowledged. */
  departed = false;

  private frames: Buffer = Buffer.alloc(0);
  private framed = 0;

  constructor(port: StreamPort) {
    this.port = port;
  }

  /** Adds one StreamControl to what the next `flush` sends. */
  frame(sequenceLow: number, sequenceHigh: number, flow: number, error: string): void {
    const needed = this.framed + streamControlBytesMax(error);
    if (this.frames.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(64, needed * 2));
      this.frames.copy(larger, 0, 0, this.framed);
      this.frames = larger;
    }
    this.framed = writeStreamControl(
      this.frames,
      this.framed,
      sequenceLow,
      sequenceHigh,
      flow,
      error,
    );
  }

  flush(): void {
    if (this.framed === 0) return;
    const frames = this.frames.subarray(0, this.framed);
    // The transport keeps the bytes until they are sent.
    this.frames = Buffer.alloc(0);
    this.framed = 0;
    if (!this.ended) this.port.write(frames);
  }
}
