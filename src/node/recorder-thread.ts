/** Control's view of the recorder thread. */
import type { Worker } from "node:worker_threads";
import { errorText, WeirError } from "../base/errors.ts";
import { spawnWorker } from "../base/spawn-worker.ts";
import type { ThreadConfig } from "../config/processor-config.ts";
import type { BoardMemory } from "../pipeline/board.ts";
import type {
  RecorderCommand,
  RecorderReport,
  RecorderStart,
} from "../record/recorder-messages.ts";
import type { Events } from "../telemetry/events.ts";
import type { Log } from "../telemetry/log.ts";
import { buildInfo } from "./build-info.ts";

export interface RecorderThreadOptions {
  readonly config: ThreadConfig;
  readonly memory: BoardMemory;
  readonly rings: readonly SharedArrayBuffer[];
  /** Takes what the thread logs. */
  readonly log: Log;
  readonly events: Events;
  /** The thread died: nothing can be recorded any more. */
  readonly onLost: (error: WeirError) => void;
}

export class RecorderThread {
  /** The file that is written, or was written last. */
  path: string;
  private readonly options: RecorderThreadOptions;
  private worker: Worker | undefined = undefined;
  private onDrained: (() => void) | undefined = undefined;
  private done = false;

  constructor(options: RecorderThreadOptions) {
    this.options = options;
    this.path = options.config.writeFile;
  }

  /** Resolves when the capture file is open; rejects with the reason why it cannot be. */
  start(): Promise<void> {
    const { config, memory, rings } = this.options;
    const start: RecorderStart = {
      config,
      application: `weir ${buildInfo.version}`,
      board: memory,
      rings,
    };
    const opened = Promise.withResolvers<void>();
    const worker = spawnWorker("record/recorder.worker", { workerData: start });
    this.worker = worker;
    worker.on("message", (report: RecorderReport) => {
      switch (report.type) {
        case "opened":
          this.path = report.opened.path;
          opened.resolve();
          return;
        case "open-failed":
          this.done = true;
          opened.reject(new WeirError(report.code, report.message));
          return;
        case "log":
          this.options.log.writeRecord(report.record);
          return;
        case "events":
          this.options.events.add(report.counts);
          return;
        case "drained":
          this.done = true;
          this.path = report.summary.path;
          this.onDrained?.();
      }
    });
    let cause = "";
    worker.on("error", (error) => {
      cause = `: ${errorText(error)}`;
    });
    worker.on("exit", () => {
      this.worker = undefined;
      this.onDrained?.();
      if (this.done) return;
      const lost = new WeirError(
        "recorder-lost",
        `the recorder thread ended${cause}; the node cannot record any more`,
      );
      opened.reject(lost);
      this.options.onLost(lost);
    });
    return opened.promise;
  }

  /** Writes what the shards have left and closes the files, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void> {
    const { worker } = this;
    if (worker === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      // A disk that hangs in a system call answers no message: the deadline is kept here as well.
      const timer = setTimeout(resolve, deadlineMs + 500);
      this.onDrained = () => {
        clearTimeout(timer);
        resolve();
      };
      worker.postMessage({ type: "drain", deadlineMs } satisfies RecorderCommand);
    });
  }

  /** Has it log which files are open; with `sync` after what they hold is on the disk. */
  report(sync: boolean): void {
    this.worker?.postMessage({ type: "report", sync } satisfies RecorderCommand);
  }

  /** Only in builds with FAULTS. */
  fault(command: Extract<RecorderCommand, { type: "fault" }>): void {
    this.worker?.postMessage(command);
  }

  terminate(): void {
    this.done = true;
    void this.worker?.terminate();
  }
}
