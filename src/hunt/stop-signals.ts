/** The signals that end a hunt, and the exit code of a process that ends by them at once. */
export type StopSignal = "SIGINT" | "SIGTERM";

export const signalExitCode: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Calls `listener` for each signal until the returned function is called. */
export type StopSignals = (listener: (signal: StopSignal) => void) => () => void;

export const processStopSignals: StopSignals = (listener) => {
  const onInterrupt = (): void => listener("SIGINT");
  const onTerminate = (): void => listener("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
};
