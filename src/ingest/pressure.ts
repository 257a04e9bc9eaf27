/** Flow-control signals by docs/wire.md#flow-control, from the fill of the recorder's queue. */
import { limits } from "../config/limits.ts";

/** Values of `lippycat.data.FlowControl`. */
export const flowControl = { continue: 0, slow: 1, pause: 2, resume: 3 } as const;

export type FlowLevel =
  | typeof flowControl.continue
  | typeof flowControl.slow
  | typeof flowControl.pause;

/**
 * The level that hunters should be told, with hysteresis: it rises at 70 % and 90 %, and falls back
 * to `continue` only below 30 %. A resumed queue would otherwise pause again at once.
 * @param fill share of the capacity in use, 0 to 1
 */
export function nextLevel(level: FlowLevel, fill: number): FlowLevel {
  if (fill > limits.pauseAbove) return flowControl.pause;
  if (fill < limits.resumeBelow) return flowControl.continue;
  if (fill > limits.slowAbove && level === flowControl.continue) return flowControl.slow;
  return level;
}
