/** What the recorder asks of a capture format: `pcapng-writer.ts` and `pcap-writer.ts`. */
import type { BoardRow } from "../pipeline/board.ts";
import type { RingReader } from "../pipeline/ring.ts";
import type { CaptureFile } from "./capture-file.ts";
import type { FileSeries } from "./file-series.ts";
import type { ShardInterfaces } from "./shard-interfaces.ts";

/** One shard's ring as the recorder sees it. */
export interface ShardRing {
  readonly reader: RingReader;
  readonly row: BoardRow;
  readonly interfaces: ShardInterfaces;
}

/** Bytes for one file. They may be ring memory, which stays as it is until the group is released. */
export interface Run {
  readonly file: CaptureFile;
  readonly bytes: Uint8Array;
  readonly packets: number;
  /** `CaptureFile.interfaces` after this run, when it changes. */
  readonly interfaces?: number;
}

/** What is written and committed at once. It is whole: after a failure the same runs are written again. */
export class Group {
  runs: Run[] = [];
  packets = 0;
  fileBytes = 0;
  /** Bytes of the rings that it covers. */
  ringBytes = 0;
  /** The next block can only be read when everything before it was released. */
  needsRelease = false;

  add(run: Run): void {
    this.runs.push(run);
    this.packets += run.packets;
    this.fileBytes += run.bytes.length;
  }
}

export interface CaptureWriter {
  /** Locks, continues or begins the first file. Throws `file-in-use` and system errors. */
  open(): Promise<void>;
  /** True when a file is to be opened, ended or begun before more can be gathered. */
  needsTurn(nowMs: number): boolean;
  /** Does that; everything gathered before was released. Throws; may then be called again. */
  turn(nowMs: number): Promise<void>;
  /** The file that the last turn was about. */
  readonly turnPath: string;
  /** Reads on in the rings. `released` says that no earlier group waits for a sync. */
  gather(released: boolean): Group;
  /** Makes the rings readable again from the last released position. */
  undo(): void;
  /** Gives the file up: what follows goes to a new one. */
  abandon(file: CaptureFile): Promise<void>;
  readonly series: readonly FileSeries[];
  /** Ends the files in good order, as far as the disk lets it, and gives the locks up. */
  close(): Promise<void>;
}
