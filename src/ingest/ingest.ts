/**
 * Ingest of one shard: takes the batches of its packet streams, gives their packets to detection and
 * the sink, and answers each batch when the sink is done with it (docs/architecture.md#one-batchs-way).
 *
 * It knows neither gRPC nor files. `receive` never throws for what a client sent.
 */

import { limits } from "../config/limits.ts";
import { type GrpcStatus, invalidArgument, statusOk, unavailable } from "../grpc/grpc-status.ts";
import type { Batch } from "../pipeline/batch.ts";
import type { Sink } from "../pipeline/sink.ts";
import type { Tell } from "../telemetry/events.ts";
import type { RoomEvent } from "../telemetry/room-events.ts";
import {
  PacketBatchView,
  walkOutcome,
  walkOutcomeText,
  walkPacketBatch,
} from "../wire/packet-batch.ts";
import { AckQueue, type PendingAck } from "./ack-queue.ts";
import { admit, admitted, rejectionError } from "./admission.ts";
import { ingestEvent } from "./events.ts";
import { FlowSignals, type FlowSignalsOptions } from "./flow-signals.ts";
import type { HeldBatch } from "./held-batch.ts";
import { identify } from "./hunter-identity.ts";
import { HunterStream } from "./hunter-stream.ts";
import { HunterTable } from "./hunter-table.ts";
import { LinkTypeGate } from "./link-type-gate.ts";
import type { StreamPort } from "./stream-port.ts";
import { createTally, type Tally } from "./tally.ts";

export interface IngestOptions extends FlowSignalsOptions {
  readonly sink: Sink;
  /** Fills `batch.labels`; left out when detection is off. */
  readonly inspect?: (batch: Batch) => void;
  /** Sees each admitted batch once, after the sink took what it could: live views, call signalling.
   * Keeps nothing of it. */
  readonly observe?: (batch: Batch) => void;
  /** What an operator wants to know of; rate-limited by who takes it. */
  readonly note?: Tell;
}

export class Ingest {
  readonly hunters = new HunterTable();
  readonly streams = new Set<HunterStream>();
  private readonly sink: Sink;
  private readonly inspect: ((batch: Batch) => void) | undefined;
  private readonly observe: ((batch: Batch) => void) | undefined;
  private readonly note: Tell;
  private readonly tally: Tally;
  private readonly acks = new AckQueue();
  private readonly signals: FlowSignals;
  private readonly gate = new LinkTypeGate();
  /** The batch that the sink took a part of before it was full; there is never a second one. */
  private held: HeldBatch | undefined = undefined;
  /** Streams with a message that waits, not looked at, for that batch; the longest waiting first. */
  private readonly waiting = new Set<HunterStream>();
  /** Streams that were told to stop, for whatever reason. */
  private readonly idle = new Set<HunterStream>();
  private readonly batch: Batch;
  private readonly touched = new Set<HunterStream>();
  /** Streams whose client has left and of which messages wait. */
  private departed = 0;
  private stopped = false;
  private settling = false;
  /** Messages taken so far; a drain watches it to see when the streams have gone quiet. */
  received = 0;

  constructor(options: IngestOptions) {
    this.sink = options.sink;
    this.signals = new FlowSignals(options, this.streams);
    this.inspect = options.inspect;
    this.observe = options.observe;
    this.note = options.note ?? (() => {});
    this.tally = createTally(options.row);
    this.batch = {
      view: new PacketBatchView(),
      hunterNumber: 0,
      hunterId: "",
      rejections: new Uint8Array(1024),
      labels: new Uint8Array(1024),
    };
  }

  open(port: StreamPort): HunterStream {
    const stream = new HunterStream(port);
    this.streams.add(stream);
    this.tally.streamOpened();
    this.signals.greet(stream);
    return stream;
  }

  /**
   * Takes one message: `length` bytes of an encoded PacketBatch.
   * @returns true to go on reading; false to stop, and then `message` belongs to ingest until it
   *   calls `port.resume()`.
   */
  receive(stream: HunterStream, message: Buffer, length: number): boolean {
    if (stream.ended || stream.closing !== undefined || this.stopped) return false;
    this.received++;
    if (!this.isFull) return this.take(stream, message, length);
    stream.waiting = message.subarray(0, length);
    this.waiting.add(stream);
    return this.mayRead(stream);
  }

  /**
   * Bytes of a message have come: false to keep them as they are until `port.resume()`, because the sink
   * is full. A message that came together would only wait, beside as much of the next one.
   */
  mayReceive(stream: HunterStream): boolean {
    if (!this.isFull || stream.ended || stream.closing !== undefined) return true;
    stream.reading = false;
    this.idle.add(stream);
    return false;
  }

  /**
   * The RPC is over on the client's side: cancelled, or its connection is gone. Its client counts as sent
   * what came before, so whole messages of it are taken.
   * @returns whether `port` has to bring such messages
   */
  closed(stream: HunterStream): boolean {
    if (stream.ended) return false;
    if (this.departed < limits.departedStreamsMax && this.hasRest(stream)) {
      this.departed++;
      stream.departed = true;
      return true;
    }
    stream.ended = true;
    this.forget(stream);
    return false;
  }

  /** The client has sent its last message; the RPC ends when everything is acknowledged. */
  halfClosed(stream: HunterStream): void {
    this.close(stream, statusOk);
  }

  /** Ends the RPC once its last ack is out; always answers false, "stop reading". */
  close(stream: HunterStream, status: GrpcStatus): false {
    if (status.code !== 0) this.tell(ingestEvent.streamEnded, stream, status.message);
    // What is wrong with a batch tells more than that it was the last.
    if (stream.closing === undefined || stream.closing.code === 0) stream.closing = status;
    stream.reading = false;
    this.endIfSettled(stream);
    return false;
  }

  /**
   * Ends the RPCs whose batches come from that hunter alone, after their acks: UNAVAILABLE with
   * `reason`, so that it registers anew. An RPC that carries others too goes on.
   */
  endHunter(hunterId: string, reason: string): void {
    for (const stream of [...this.streams]) {
      if (stream.hunter?.id === hunterId && !stream.mixed) this.close(stream, unavailable(reason));
    }
  }

  /** Whose the next batch is shall be looked at anew: hunters may belong to others by now. */
  reconsider(stream: HunterStream): void {
    stream.wireId = undefined;
  }

  /** Something was done, or the pressure changed: sends what may be sent, reads on what may be read. */
  settle(): void {
    this.takeWaiting();
    this.releaseAcks();
    this.signals.update();
    for (const stream of this.idle) {
      if (stream.closing !== undefined || !this.mayRead(stream)) continue;
      this.idle.delete(stream);
      stream.port.resume();
      this.endDeparted(stream);
    }
  }

  /** Tells every hunter to pause; for the stop of the node. */
  beginDrain(): void {
    this.signals.pauseForGood();
  }

  /** Takes nothing more. What the sink took a part of still goes to it as it makes room. */
  stopReading(): void {
    this.stopped = true;
    for (const stream of this.waiting) stream.waiting = undefined;
    this.waiting.clear();
  }

  /** True when no batch waits for room in the sink. */
  get flushed(): boolean {
    return this.held === undefined;
  }

  /** Sends the last acks and ends every RPC; `status` for those that are not ending already. */
  endAll(status: GrpcStatus): void {
    this.releaseAcks();
    for (const stream of [...this.streams]) {
      stream.closing ??= status;
      this.end(stream);
    }
  }

  /** Packet batches that wait for the sink. */
  get pendingAcks(): number {
    return this.acks.length;
  }

  // --- one batch

  private take(stream: HunterStream, message: Buffer, length: number): boolean {
    stream.batches++;
    const { view } = this.batch;
    const outcome = walkPacketBatch(view, message, length);
    if (outcome !== walkOutcome.ok) {
      this.tally.undecodable(length);
      const text = `batch ${stream.batches} of this stream cannot be decoded: ${walkOutcomeText(outcome)}`;
      return this.close(stream, invalidArgument(text));
    }
    const hunter = identify(stream, view, this.hunters);
    if (!("id" in hunter)) {
      this.tally.undecodable(length);
      return this.close(stream, hunter);
    }
    this.batch.hunterId = hunter.id;
    this.batch.hunterNumber = hunter.number;
    const rejected = admit(this.batch, this.gate);
    const ack = {
      stream,
      sequenceLow: view.sequenceLow,
      sequenceHigh: view.sequenceHigh,
      packets: view.count - rejected,
      error: rejectionError(view.count, rejected),
    };
    if (rejected > 0) this.tell(ingestEvent.packetsRejected, stream, ack.error);
    this.inspect?.(this.batch);
    this.tally.begin();
    this.tally.admitted(view.count, length, admitted);
    if (this.inspect !== undefined) this.tally.labels(this.batch);
    const from = this.sink.offer(this.batch, 0);
    this.tally.end();
    this.hunters.count(hunter, view.count, length, stream.port.peer);
    this.observe?.(this.batch);
    stream.pendingAcks++;
    if (from === view.count) this.expectAck(ack);
    else {
      const labels = this.batch.labels.slice(0, view.count);
      this.held = { message: message.subarray(0, length), from, hunter, labels, ack };
    }
    this.signals.update();
    return this.mayRead(stream);
  }

  private tell(event: RoomEvent, stream: HunterStream, message: string): void {
    const { hunter, port } = stream;
    this.note(event, message, { peer: port.peer, ...(hunter && { hunter: hunter.id }) });
  }

  // --- acks

  private expectAck(ack: Omit<PendingAck, "position">): void {
    this.acks.push({ ...ack, position: this.sink.position() });
    this.settleSoon();
  }

  /** Sinks that are done at once ring no bell. */
  private settleSoon(): void {
    if (this.settling || this.sink.done() < this.sink.position()) return;
    this.settling = true;
    queueMicrotask(() => {
      this.settling = false;
      this.settle();
    });
  }

  private releaseAcks(): void {
    const done = this.sink.done();
    for (let ack = this.acks.shiftDone(done); ack !== undefined; ack = this.acks.shiftDone(done)) {
      const { stream } = ack;
      stream.pendingAcks--;
      if (stream.ended) continue;
      this.touched.add(stream);
      if (stream.departed) continue;
      stream.frame(ack.sequenceLow, ack.sequenceHigh, stream.signalled, ack.error);
      this.tally.acked(ack.packets);
    }
    for (const stream of this.touched) {
      stream.flush();
      this.endIfSettled(stream);
    }
    this.touched.clear();
  }

  /** Offers the rest of the held batch, then takes the messages that came after it. */
  private takeWaiting(): void {
    if (this.held !== undefined) this.offerRest(this.held);
    for (const stream of this.waiting) {
      if (this.held !== undefined) return;
      const message = stream.waiting;
      this.waiting.delete(stream);
      stream.waiting = undefined;
      if (message !== undefined) this.take(stream, message, message.length);
      this.endDeparted(stream);
    }
  }

  private hasRest(stream: HunterStream): boolean {
    if (this.stopped) return false;
    if (stream.waiting !== undefined) return true;
    return stream.closing === undefined && stream.port.holdsBytes();
  }

  /** Ends a stream whose client has left when its last message was taken; `port` has read on. */
  endDeparted(stream: HunterStream): void {
    if (!stream.departed || stream.ended || this.hasRest(stream)) return;
    this.end(stream);
  }

  /** Its client may have left meanwhile: what was accepted is recorded all the same. */
  private offerRest(held: HeldBatch): void {
    const { view, labels } = this.batch;
    walkPacketBatch(view, held.message, held.message.length);
    this.batch.hunterId = held.hunter.id;
    this.batch.hunterNumber = held.hunter.number;
    admit(this.batch, this.gate);
    labels.set(held.labels);
    this.tally.begin();
    const from = this.sink.offer(this.batch, held.from);
    this.tally.end();
    if (from < view.count) {
      this.held = { ...held, from };
      return;
    }
    this.held = undefined;
    this.expectAck(held.ack);
  }

  // --- reading

  /** What comes has to wait. */
  private get isFull(): boolean {
    return this.held !== undefined || this.waiting.size > 0;
  }

  private mayRead(stream: HunterStream): boolean {
    stream.reading =
      !this.isFull &&
      !this.stopped &&
      this.acks.length < limits.pendingAcksMax &&
      stream.pendingAcks < limits.pendingAcksPerStreamMax &&
      stream.port.unreadBytes() < limits.unreadAckBytesMax;
    if (!stream.reading) this.idle.add(stream);
    return stream.reading;
  }

  // --- ends

  private endIfSettled(stream: HunterStream): void {
    if (stream.pendingAcks > 0 || stream.waiting !== undefined) return;
    if (stream.closing !== undefined) this.end(stream);
  }

  private end(stream: HunterStream): void {
    if (stream.ended) return;
    stream.flush();
    stream.ended = true;
    this.forget(stream);
    stream.port.end(stream.closing ?? statusOk);
  }

  private forget(stream: HunterStream): void {
    if (stream.departed) this.departed--;
    this.streams.delete(stream);
    this.hunters.leave(stream.members);
    this.idle.delete(stream);
    this.waiting.delete(stream);
    stream.waiting = undefined;
    this.signals.forget(stream);
    this.tally.streamClosed();
  }
}
