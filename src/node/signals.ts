/** SIGTERM and SIGINT: the first drains, the second ends the process at once. */

const numbers = { SIGINT: 2, SIGTERM: 15 } as const;

export type StopSignal = keyof typeof numbers;

/**
 * Calls `onStop` at the first signal. A second one ends the process with 128 + its number.
 * @returns takes the handlers off again
 */
export function onStopSignal(onStop: (signal: StopSignal) => void): () => void {
  let stopping = false;
  const handle = (signal: StopSignal) => () => {
    if (stopping) process.exit(128 + numbers[signal]);
    stopping = true;
    onStop(signal);
  };
  const onInterrupt = handle("SIGINT");
  const onTerminate = handle("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
}
