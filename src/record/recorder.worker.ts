/** The recorder's thread: a shell around `recorder.ts`. Any other end than `drained` is a crash. */
import { feature } from "bun:bundle";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import { WeirError } from "../base/errors.ts";
import { Board } from "../pipeline/board.ts";
import { createEvents } from "../telemetry/events.ts";
import { createForwardingLog } from "../telemetry/log.ts";
import { createRecorder } from "./recorder.ts";
import { recorderConfigOf } from "./recorder-config.ts";
import type { RecorderCommand, RecorderReport, RecorderStart } from "./recorder-messages.ts";

const countsIntervalMs = 1000;
const port = parentPort;
assert(port !== null, "the recorder runs in a worker");
const report = (message: RecorderReport): void => port.postMessage(message);

const { config: settings, application, board, rings } = workerData as RecorderStart;
const config = recorderConfigOf(settings);
const log = createForwardingLog((record) => report({ type: "log", record }), settings.logLevel);
const events = createEvents(log);
const recorder = createRecorder({ config, application, board: new Board(board), rings, events });
const counting = setInterval(reportCounts, countsIntervalMs);

port.on("message", (command: RecorderCommand) => {
  if (command.type === "fault") {
    if (feature("FAULTS")) fail(command);
    return;
  }
  if (command.type === "report") {
    recorder.report(command.sync);
    return;
  }
  void recorder.drain(command.deadlineMs).then((summary) => {
    clearInterval(counting);
    reportCounts();
    report({ type: "drained", summary });
    port.close();
  });
});

if (await open()) await recorder.run();

async function open(): Promise<boolean> {
  try {
    report({ type: "opened", opened: await recorder.open() });
    return true;
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    clearInterval(counting);
    report({ type: "open-failed", code: error.code, message: error.message });
    port?.close();
    return false;
  }
}

function reportCounts(): void {
  const counts = events.takeCounts();
  if (counts !== undefined) report({ type: "events", counts });
}

/** Blocks the thread as a system call on a dead disk would, or ends it. */
function fail(command: Extract<RecorderCommand, { type: "fault" }>): void {
  if (command.fault === "stall") Atomics.wait(new Int32Array(command.gate), 0, 0, command.forMs);
  else {
    setTimeout(() => {
      throw new Error("a fault was asked for");
    });
  }
}
