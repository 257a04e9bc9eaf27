/** The clock of control and of each shard: it counts the time in which the node ran. */
import { type Clock, systemClock } from "../base/clock.ts";
import { createRunningClock } from "../base/running-clock.ts";
import { limits } from "../config/limits.ts";

/** @param onGap told how long the thread did not run, ms */
export function createNodeClock(onGap: (gapMs: number) => void = () => {}): Clock {
  const times = { tickMs: limits.heartbeatMs, gapMsMax: limits.frozenMsMin };
  return createRunningClock({ clock: systemClock, ...times, onGap });
}
