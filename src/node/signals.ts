/** The node's signals: SIGTERM and SIGINT drain, the second ends the process; SIGHUP reads files again. */
import { onSignals, type StopSignal, signalExitCode } from "../base/stop-signals.ts";

/**
 * Calls `onStop` at the first signal. A second one ends the process with 128 + its number.
 * @returns takes the handlers off again
 */
export function onStopSignal(onStop: (signal: StopSignal) => void): () => void {
  let stopping = false;
  return onSignals(["SIGINT", "SIGTERM"], (signal) => {
    if (stopping) process.exit(signalExitCode[signal]);
    stopping = true;
    onStop(signal);
  });
}

/** @returns takes the handler off again */
export function onReloadSignal(onReload: () => void): () => void {
  return onSignals(["SIGHUP"], onReload);
}
