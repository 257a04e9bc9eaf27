/**
 * Tells the hunters of one shard SLOW, PAUSE and RESUME, at once and unprompted, as the recorder's
 * queue fills and empties (docs/architecture.md#flow-control).
 */
import { type Board, type BoardRow, boardWord, recorderState } from "../pipeline/board.ts";
import type { HunterStream } from "./hunter-stream.ts";
import { type FlowLevel, flowControl, nextLevel } from "./pressure.ts";
import { ResumeQueue } from "./resume-queue.ts";

export interface FlowSignalsOptions {
  readonly board: Board;
  readonly row: BoardRow;
  /** Bytes that count as a full recorder. */
  readonly capacityBytes: number;
  /** Size of this shard's ring; as large as `capacityBytes` when left out. */
  readonly ringBytes?: number;
}

export class FlowSignals {
  private readonly board: Board;
  private readonly row: BoardRow;
  private readonly capacityBytes: number;
  private readonly ringBytes: number;
  private readonly streams: ReadonlySet<HunterStream>;
  private readonly resumes = new ResumeQueue((stream) => this.signal(stream, flowControl.continue));
  private level: FlowLevel = flowControl.continue;
  private paused = false;

  /** @param streams the open streams of the shard, kept by ingest */
  constructor(options: FlowSignalsOptions, streams: ReadonlySet<HunterStream>) {
    this.board = options.board;
    this.row = options.row;
    this.capacityBytes = options.capacityBytes;
    this.ringBytes = options.ringBytes ?? options.capacityBytes;
    this.streams = streams;
  }

  /** A new stream learns the level that the others know. */
  greet(stream: HunterStream): void {
    if (this.level !== flowControl.continue) this.signal(stream, this.level);
  }

  forget(stream: HunterStream): void {
    this.resumes.remove(stream);
  }

  /** The level follows the fuller of the two: all rings together, or this shard's own. A recorder that
   * cannot write counts as full. */
  update(): void {
    if (this.paused) return;
    const level = nextLevel(this.level, this.fill());
    if (level === this.level) return;
    this.level = level;
    this.signalAll();
    this.board.ring(boardWord.shardBell);
  }

  /** For the stop of the node: PAUSE to all, and no RESUME after it. */
  pauseForGood(): void {
    this.paused = true;
    this.level = flowControl.pause;
    this.signalAll();
  }

  private fill(): number {
    const { words } = this.board;
    // A disk that takes nothing: whoever sends on would only fill the queue.
    if (Atomics.load(words, boardWord.recorderState) === recorderState.stalled) return 1;
    const own = this.row.pending() / this.ringBytes;
    return Math.max(this.board.pendingBytes() / this.capacityBytes, own);
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
}
