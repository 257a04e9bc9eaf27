/** A recorder of the same process, with rings to fill and a log to look at. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { recordingSettings } from "../../src/config/processor-settings.ts";
import { boardWord } from "../../src/pipeline/board.ts";
import { createRecorder, type DrainSummary, type Recorder } from "../../src/record/recorder.ts";
import { type RecorderConfig, recorderConfigOf } from "../../src/record/recorder-config.ts";
import { createEvents } from "../../src/telemetry/events.ts";
import { createForwardingLog } from "../../src/telemetry/log.ts";
import type { LogRecord } from "../../src/telemetry/log-record.ts";
import { defaultsOf } from "./defaults-of.ts";
import { createFilledRings, type FilledRings } from "./fill-ring.ts";

export interface InProcessRecorder extends FilledRings {
  readonly recorder: Recorder;
  readonly config: RecorderConfig;
  readonly logged: LogRecord[];
  /** Publishes everything laid, and waits until the recorder is done with it. */
  settle(): Promise<void>;
  /** Publishes and drains. */
  finish(deadlineMs?: number): Promise<DrainSummary>;
}

export function temporaryDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `weir-${name}-`));
}

export function recorderConfig(path: string, more: Partial<RecorderConfig> = {}): RecorderConfig {
  const defaults = defaultsOf(recordingSettings());
  return { ...recorderConfigOf({ ...defaults, writeFile: path }), ...more };
}

export interface InProcessOptions {
  readonly shards?: number;
  readonly ringBytes?: number;
  readonly clock?: Clock;
}

/** Opens and runs; throws what `open` throws. */
export async function recordInProcess(
  config: RecorderConfig,
  options: InProcessOptions = {},
): Promise<InProcessRecorder> {
  const rings = createFilledRings(options.shards ?? 1, options.ringBytes ?? 4 * 1024 * 1024);
  const { board, memories, fillers } = rings;
  const logged: LogRecord[] = [];
  const log = createForwardingLog((record) => logged.push(record), "debug");
  const clock = options.clock ?? systemClock;
  const recorder = createRecorder({
    config,
    application: "Weir test",
    board,
    rings: memories,
    events: createEvents(log),
    clock,
  });
  await recorder.open();
  const run = recorder.run();
  const publish = (): void => {
    for (const filler of fillers) filler.publish();
  };
  return {
    ...rings,
    recorder,
    config,
    logged,
    async settle() {
      publish();
      await until(() => fillers.every((filler) => filler.isDone()));
    },
    async finish(deadlineMs = 5000) {
      publish();
      const summary = await recorder.drain(deadlineMs);
      await run;
      return summary;
    },
  };
}

/** Waits for a condition, turning the event loop; fails after half a minute. */
export async function until(condition: () => boolean, what = "a condition"): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** Lets a recorder that waits for the disk or for a timer look again at once. */
export function wake(rings: FilledRings): void {
  rings.board.ring(boardWord.recorderBell);
}
