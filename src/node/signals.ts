/** SIGTERM, SIGINT and SIGHUP: the first drains, the second ends the process at once. */
import { isHangupIgnored } from "../base/hangup.ts";

const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type StopSignal = keyof typeof numbers;

/**
 * Calls `onStop` at the first signal. A second one ends the process with 128 + its number. SIGHUP
 * (the terminal is gone) is left alone under nohup.
 * @returns takes the handlers off again
 */
export function onStopSignal(onStop: (signal: StopSignal) => void): () => void {
  let stopping = false;
  const handlers = stopSignals().map((signal) => {
    const handle = (): void => {
      if (stopping) process.exit(128 + numbers[signal]);
      stopping = true;
      onStop(signal);
    };
    process.on(signal, handle);
    return { signal, handle };
  });
  return () => {
    for (const { signal, handle } of handlers) process.off(signal, handle);
  };
}

function stopSignals(): readonly StopSignal[] {
  return isHangupIgnored() ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}
