/**
 * The node's signals: SIGTERM and SIGINT drain, the second ends the process; SIGHUP reads files again;
 * SIGUSR1 reports, SIGUSR2 syncs. Others that would end it by their default do nothing.
 */
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

export interface Requests {
  /** SIGUSR1: log the counters and the open files. */
  readonly report: () => void;
  /** SIGUSR2: bring to the disk what is written. */
  readonly sync: () => void;
}

/** @returns takes the handlers off again */
export function onRequestSignals({ report, sync }: Requests): () => void {
  const offs = [onSignals(["SIGUSR1"], report), onSignals(["SIGUSR2"], sync)];
  return () => {
    for (const off of offs) off();
  };
}

/**
 * Signals with which nobody means to end a recording, and which would end it by their default.
 *
 * @returns takes the handlers off again
 */
export function ignoreSignals(): () => void {
  return onSignals(["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGIO"], () => {});
}
