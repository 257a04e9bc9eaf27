/** Whether this process was started under nohup(1). */
import { readFileSync } from "node:fs";

/**
 * Whether the process was started with SIGHUP ignored, as nohup(1) does: then it has to stay so, and
 * a handler would undo it. Linux tells (proc(5), SigIgn); elsewhere false.
 */
export function isHangupIgnored(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
