/** SIGTERM, SIGINT and SIGHUP: the first drains, the second ends the process at once. */
import { processStopSignals, type StopSignal, signalExitCode } from "../base/stop-signals.ts";

/**
 * Calls `onStop` at the first signal. A second one ends the process with 128 + its number. SIGHUP
 * (the terminal is gone) is left alone under nohup.
 * @returns takes the handlers off again
 */
export function onStopSignal(onStop: (signal: StopSignal) => void): () => void {
  let stopping = false;
  return processStopSignals((signal) => {
    if (stopping) process.exit(signalExitCode[signal]);
    stopping = true;
    onStop(signal);
  });
}
