/** SIGINT, SIGTERM and SIGHUP as one subscription, with the exit status of each. */
import { isHangupIgnored } from "./hangup.ts";

/** The signals that end a process in order, and its exit code when it ends by them at once. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export const signalExitCode: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

/** Calls `listener` for each signal until the returned function is called. */
export type StopSignals = (listener: (signal: StopSignal) => void) => () => void;

/** SIGHUP is left alone under nohup. */
export const processStopSignals: StopSignals = (listener) => {
  const signals: StopSignal[] = ["SIGINT", "SIGTERM"];
  if (!isHangupIgnored()) signals.push("SIGHUP");
  return onSignals(signals, listener);
};

/** Calls `listener` for each of `signals` until the returned function is called. */
export function onSignals<Signal extends NodeJS.Signals>(
  signals: readonly Signal[],
  listener: (signal: Signal) => void,
): () => void {
  const handlers = signals.map((signal) => ({ signal, handle: () => listener(signal) }));
  for (const { signal, handle } of handlers) process.on(signal, handle);
  return () => {
    for (const { signal, handle } of handlers) process.off(signal, handle);
  };
}
