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

/** Milliseconds of processor time that the calling thread has used; about a microsecond to ask. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
