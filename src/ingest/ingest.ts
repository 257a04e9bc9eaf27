/**
 * Ingest of one shard: takes the batches of its packet streams, gives their packets to detection and
 * the sink, and answers each batch when the sink is done with it (design.md section 3).
 *
 * It knows neither gRPC nor files. `receive` never throws for what a client sent.
 */
import { isUtf8 } from "node:buffer";
import { limits } from "../config/limits.ts";
import type { Batch } from "../pipeline/batch.ts";
import { type Board, type BoardRow, boardWord } from "../pipeline/board.ts";
import type { Sink } from "../pipeline/sink.ts";
import {
  PacketBatchView,
  walkOutcome,
  walkOutcomeText,
  walkPacketBatch,
} from "../wire/packet-batch.ts";
import { AckQueue } from "./ack-queue.ts";
import { admit, admitted, rejectionError } from "./admission.ts";
import { HunterStream } from "./hunter-stream.ts";
import { HunterTable } from "./hunter-table.ts";
import { type FlowLevel, flowControl, nextLevel } from "./pressure.ts";
import { ResumeQueue } from "./resume-queue.ts";
import { invalidArgument, type StreamPort, type StreamStatus, statusOk } from "./stream-port.ts";
import { createTally, type Tally } from "./tally.ts";

export interface IngestOptions {
  readonly board: Board;
  readonly row: BoardRow;
  readonly sink: Sink;
  /** Bytes that count as a full recorder. */
  readonly capacityBytes: number;
  /** Fills `batch.labels`; left out when detection is off. */
  readonly inspect?: (batch: Batch) => void;
}

export class Ingest {
  readonly hunters = new HunterTable();
  readonly streams = new Set<HunterStream>();
  private readonly board: Board;
  private readonly sink: Sink;
  private readonly capacityBytes: number;
  private readonly inspect: ((batch: Batch) => void) | undefined;
  private readonly tally: Tally;
  private readonly acks = new AckQueue();
  private readonly resumes = new ResumeQueue((stream) => this.signal(stream, flowControl.continue));
  /** Streams that stopped because the sink was full, the longest waiting first. */
  private readonly held = new Set<HunterStream>();
  /** Streams that were told to stop, for whatever reason. */
  private readonly idle = new Set<HunterStream>();
  private readonly batch: Batch;
  private readonly touched = new Set<HunterStream>();
  private level: FlowLevel = flowControl.continue;
  private draining = false;
  private stopped = false;
  private settling = false;
  /** Messages taken so far; a drain watches it to see when the streams have gone quiet. */
  received = 0;

  constructor(options: IngestOptions) {
    this.board = options.board;
    this.sink = options.sink;
    this.capacityBytes = options.capacityBytes;
    this.inspect = options.inspect;
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
    if (this.level !== flowControl.continue) this.signal(stream, this.level);
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
    stream.batches++;
    const { view } = this.batch;
    const outcome = walkPacketBatch(view, message, length);
    if (outcome !== walkOutcome.ok) {
      this.tally.undecodable(length);
      const text = `batch ${stream.batches} of this stream cannot be decoded: ${walkOutcomeText(outcome)}`;
      return this.close(stream, invalidArgument(text));
    }
    const refusal = this.identify(stream);
    if (refusal !== undefined) {
      this.tally.undecodable(length);
      return this.close(stream, refusal);
    }
    const rejected = admit(this.batch);
    const error = rejectionError(view.count, rejected);
    this.tally.begin();
    this.tally.admitted(view.count, length, admitted);
    if (this.inspect !== undefined) {
      this.inspect(this.batch);
      this.tally.labels(this.batch);
    }
    const taken = this.sink.offer(this.batch, 0);
    this.tally.end();
    if (stream.hunter !== undefined) {
      this.hunters.count(stream.hunter, view.count, length, stream.port.peer);
    }
    this.expectAck(stream, view.count - rejected, error, taken < view.count);
    if (taken < view.count) {
      stream.held = { message: message.subarray(0, length), from: taken };
      this.held.add(stream);
    }
    this.notePressure();
    return this.mayRead(stream);
  }

  /** The call is over on the client's side: cancelled, or its connection is gone. */
  closed(stream: HunterStream): void {
    if (stream.ended) return;
    stream.ended = true;
    this.forget(stream);
  }

  /** The client has sent its last message; the call ends when everything is acknowledged. */
  halfClosed(stream: HunterStream): void {
    this.close(stream, statusOk);
  }

  /** Ends the call once its last ack is out; always answers false, "stop reading". */
  close(stream: HunterStream, status: StreamStatus): false {
    stream.closing ??= status;
    stream.reading = false;
    this.endIfSettled(stream);
    return false;
  }

  /** Something was done, or the pressure changed: sends what may be sent, reads on what may be read. */
  settle(): void {
    this.retryHeld();
    this.releaseAcks();
    this.notePressure();
    for (const stream of this.idle) {
      if (stream.closing !== undefined || !this.mayRead(stream)) continue;
      this.idle.delete(stream);
      stream.port.resume();
    }
  }

  /** Tells every hunter to pause; for the stop of the node. */
  beginDrain(): void {
    this.draining = true;
    this.resumes.clear();
    this.level = flowControl.pause;
    this.signalAll();
  }

  /** Takes nothing more. Held batches still go to the sink as it makes room. */
  stopReading(): void {
    this.stopped = true;
  }

  /** True when no batch waits for room in the sink. */
  get flushed(): boolean {
    return this.held.size === 0;
  }

  /** Sends the last acks and ends every call; `status` for those that are not ending already. */
  endAll(status: StreamStatus): void {
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

  // --- whose batch it is

  private identify(stream: HunterStream): StreamStatus | undefined {
    const { view } = this.batch;
    const { bytes, hunterIdStart: start, hunterIdLength: length } = view;
    if (stream.hunter === undefined || !sameBytes(stream.wireId, bytes, start, length)) {
      if (length > limits.hunterIdBytesMax) {
        return invalidArgument(
          `hunter_id is ${length} bytes long; the most is ${limits.hunterIdBytesMax}`,
        );
      }
      // A copy: `slice` of a Buffer would share the bytes that the next message overwrites.
      const wire = new Uint8Array(bytes.subarray(start, start + length));
      if (!isUtf8(wire)) return invalidArgument("hunter_id is not valid UTF-8");
      const id = length === 0 ? unnamed(stream.port.peer) : Buffer.from(wire).toString("utf8");
      stream.wireId = wire;
      stream.hunter = this.hunters.find(id);
    }
    this.batch.hunterId = stream.hunter.id;
    this.batch.hunterNumber = stream.hunter.number;
    return undefined;
  }

  // --- acks

  private expectAck(stream: HunterStream, packets: number, error: string, held: boolean): void {
    const { view } = this.batch;
    stream.pendingAcks++;
    const { sequenceLow, sequenceHigh } = view;
    // A held batch has no position yet; its stream takes no other batch before it has one.
    if (held) {
      stream.heldAck = { packets, error, sequenceLow, sequenceHigh };
      return;
    }
    this.acks.push({
      stream,
      sequenceLow,
      sequenceHigh,
      position: this.sink.position(),
      packets,
      error,
    });
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
      stream.frame(ack.sequenceLow, ack.sequenceHigh, stream.signalled, ack.error);
      this.touched.add(stream);
      this.tally.acked(ack.packets);
    }
    for (const stream of this.touched) {
      stream.flush();
      this.endIfSettled(stream);
    }
    this.touched.clear();
  }

  private retryHeld(): void {
    for (const stream of this.held) {
      const { held, heldAck } = stream;
      if (held === undefined || heldAck === undefined) continue;
      const { view } = this.batch;
      walkPacketBatch(view, held.message, held.message.length);
      this.identify(stream);
      admit(this.batch);
      this.tally.begin();
      const taken = this.sink.offer(this.batch, held.from);
      this.tally.end();
      if (taken < view.count) {
        stream.held = { message: held.message, from: taken };
        return;
      }
      stream.held = undefined;
      stream.heldAck = undefined;
      this.held.delete(stream);
      this.acks.push({ stream, position: this.sink.position(), ...heldAck });
    }
  }

  // --- flow control

  private notePressure(): void {
    if (this.draining) return;
    const fill = this.board.pendingBytes() / this.capacityBytes;
    const level = nextLevel(this.level, fill);
    if (level === this.level) return;
    this.level = level;
    this.signalAll();
    this.board.ring(boardWord.shardBell);
  }

  private signalAll(): void {
    if (this.level === flowControl.continue) {
      for (const stream of this.streams) {
        if (stream.signalled !== flowControl.continue) this.resumes.add(stream);
      }
      return;
    }
    this.resumes.clear();
    for (const stream of this.streams) this.signal(stream, this.level);
  }

  private signal(stream: HunterStream, level: FlowLevel): void {
    if (stream.ended || stream.signalled === level) return;
    stream.signalled = level;
    stream.frame(0, 0, level === flowControl.continue ? flowControl.resume : level, "");
    stream.flush();
  }

  private mayRead(stream: HunterStream): boolean {
    stream.reading =
      stream.held === undefined &&
      !this.stopped &&
      stream.pendingAcks < limits.pendingAcksPerStreamMax &&
      stream.port.unreadBytes() < limits.unreadAckBytesMax;
    if (!stream.reading) this.idle.add(stream);
    return stream.reading;
  }

  // --- ends

  private endIfSettled(stream: HunterStream): void {
    if (stream.closing !== undefined && stream.pendingAcks === 0) this.end(stream);
  }

  private end(stream: HunterStream): void {
    if (stream.ended) return;
    stream.flush();
    stream.ended = true;
    this.forget(stream);
    stream.port.end(stream.closing ?? statusOk);
  }

  private forget(stream: HunterStream): void {
    this.streams.delete(stream);
    this.idle.delete(stream);
    this.resumes.remove(stream);
    this.tally.streamClosed();
  }
}

/** The name of a hunter that gives none: its address, so that its packets can be told apart. */
function unnamed(peer: string): string {
  return `unnamed@${peer.slice(0, peer.lastIndexOf(":"))}`;
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let at = 0; at < length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}
