/** Time and randomness, so that a test can give its own; and the time that a thread was busy. */
import { openSync, readSync } from "node:fs";

/** Time and chance come through here, so that a test can give its own. */
export interface Clock {
  /** Milliseconds that never run backwards: for deadlines, ages and rates. */
  monotonicMs(): number;
  /** Milliseconds since 1970 by the wall clock: for file names and timestamps, never for deadlines. */
  wallMs(): number;
  /** A number in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  random: () => Math.random(),
};

/**
 * A clock of the calling thread: milliseconds that it ran, or was ready to and waited for a core. Linux
 * tells both (`/proc/thread-self/schedstat`: ns run, ns waited, slices); elsewhere it is the time that
 * it ran. About 2 microseconds to ask.
 */
export function openBusyClock(): () => number {
  const ran = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let file: number;
  try {
    file = openSync("/proc/thread-self/schedstat", "r");
  } catch {
    return ran;
  }
  const text = Buffer.alloc(80);
  return () => {
    const length = readSync(file, text, 0, text.length, 0);
    const [nsRun, nsWaited] = text.toString("latin1", 0, length).split(" ");
    return (Number(nsRun) + Number(nsWaited)) / 1e6;
  };
}
