/** When a followed file is looked at and read: the same for filters, keys and certificates. */
import type { FollowTimes } from "../base/followed-files.ts";
import { limits } from "./limits.ts";

export const followTimes: FollowTimes = {
  pollMs: limits.filePollMs,
  settleMs: limits.fileSettleMs,
  partSettleMs: limits.filePartSettleMs,
  settleMsMax: limits.fileSettleMsMax,
};
