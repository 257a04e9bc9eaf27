/** What crosses between control and the recorder's thread, besides the board and the rings. */
import type { ThreadConfig } from "../config/processor-config.ts";
import type { BoardMemory } from "../pipeline/board.ts";
import type { EventCounts } from "../telemetry/events.ts";
import type { LogRecord } from "../telemetry/log-record.ts";
import type { OpenedCapture } from "./open-capture.ts";
import type { DrainSummary } from "./recorder.ts";

/** Control → recorder, once, as `workerData`. */
export interface RecorderStart {
  readonly config: ThreadConfig;
  readonly application: string;
  readonly board: BoardMemory;
  readonly rings: readonly SharedArrayBuffer[];
}

/** Control → recorder. */
export type RecorderCommand =
  /** The rings' writers have stopped. */
  | { readonly type: "drain"; readonly deadlineMs: number }
  /** Log which files are open; `sync`: after each of them is on the disk. */
  | { readonly type: "report"; readonly sync: boolean }
  /** Only in builds with FAULTS: throw. */
  | { readonly type: "fault"; readonly fault: "throw" }
  /** Only in builds with FAULTS: stand still for that long, or until the first word of `gate` is 1. */
  | {
      readonly type: "fault";
      readonly fault: "stall";
      readonly forMs: number;
      readonly gate: SharedArrayBuffer;
    };

/** Recorder → control. First `opened` or `open-failed`; after a `drain` one `drained`. */
export type RecorderReport =
  | { readonly type: "opened"; readonly opened: OpenedCapture }
  /** A WeirError of `Recorder.open`; the thread then ends by itself. */
  | { readonly type: "open-failed"; readonly code: string; readonly message: string }
  | { readonly type: "log"; readonly record: LogRecord }
  /** Once a second and before `drained`, when something was told: how often since the last one. */
  | { readonly type: "events"; readonly counts: EventCounts }
  | { readonly type: "drained"; readonly summary: DrainSummary };
