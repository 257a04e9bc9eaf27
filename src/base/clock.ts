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
