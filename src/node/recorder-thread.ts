/** Control's view of the recorder thread. */
import type { Worker } from "node:worker_threads";
import { errorText, WeirError } from "../base/errors.ts";
import { spawnWorker } from "../base/spawn-worker.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import type { BoardMemory } from "../pipeline/board.ts";
import type { RecorderCommand, RecorderReport, RecorderStart } from "../record/recorder-messages.ts";
import type { Log } from "../telemetry/log.ts";
import { buildInfo } from "./build-info.ts";

export interface RecorderThreadOptions {
  readonly config: ProcessorConfig;
  readonly memory: BoardMemory;
  readonly rings: SharedArrayBuffer[];
  readonly log: Log;
  /** The thread died: nothing can be recorded any more. */
  readonly onLost: (error: WeirError) => void;
}
