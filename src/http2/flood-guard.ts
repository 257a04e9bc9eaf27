/**
 * Token buckets of one connection, one for each thing that costs us something and a client nothing. One
 * that is empty ends the connection with ENHANCE_YOUR_CALM.
 */
import { limits } from "../config/limits.ts";
import { errorCode, type Http2Fault } from "./protocol.ts";

export type FloodKind =
  | "resets"
  | "faults"
  | "headerLists"
  | "pings"
  | "settings"
  | "emptyData"
  | "windowUpdates"
  | "priorities"
  | "unknownFrames";

/** What a person calls them, in GOAWAY and in the log; tokens at once, and a second. */
const budgets: Readonly<Record<FloodKind, readonly [name: string, burst: number, rate: number]>> = {
  resets: ["streams that were reset", limits.resetsAtOnceMax, limits.resetsPerSecondMax],
  faults: ["streams that had to be reset", limits.faultsAtOnceMax, limits.faultsPerSecondMax],
  headerLists: [
    "header lists that are too long",
    limits.headerListsAtOnceMax,
    limits.headerListsPerSecondMax,
  ],
  pings: ["PING frames", limits.pingsAtOnceMax, limits.pingsPerSecondMax],
  settings: ["SETTINGS frames", limits.settingsAtOnceMax, limits.settingsPerSecondMax],
  emptyData: ["DATA frames without data", limits.emptyDataAtOnceMax, limits.emptyDataPerSecondMax],
  windowUpdates: [
    "WINDOW_UPDATE frames",
    limits.windowUpdatesAtOnceMax,
    limits.windowUpdatesPerSecondMax,
  ],
  priorities: ["PRIORITY frames", limits.prioritiesAtOnceMax, limits.prioritiesPerSecondMax],
  unknownFrames: [
    "frames of unknown types",
    limits.unknownFramesAtOnceMax,
    limits.unknownFramesPerSecondMax,
  ],
};

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Of one connection. */
export class FloodGuard {
  private readonly now: () => number;
  private readonly sinceMs: number;
  /** Of what has come at all. */
  private readonly buckets = new Map<FloodKind, Bucket>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.now = now;
    this.sinceMs = now();
  }

  /** One more of that kind; a fault when it is one too many. */
  spend(kind: FloodKind): Http2Fault | undefined {
    const bucket = this.bucketOf(kind);
    const [name, burst, rate] = budgets[kind];
    if (bucket.tokens < 1) {
      const now = this.now();
      const filled = bucket.tokens + ((now - bucket.filledMs) / 1000) * rate;
      bucket.tokens = Math.min(burst, filled);
      bucket.filledMs = now;
      if (bucket.tokens < 1) {
        return { code: errorCode.enhanceYourCalm, reason: `too many ${name}` };
      }
    }
    bucket.tokens -= 1;
    return undefined;
  }

  /** What we sent lets the peer have so many answers to it. */
  earn(kind: FloodKind, count: number): void {
    const bucket = this.bucketOf(kind);
    bucket.tokens = Math.min(bucket.tokens + count, 2 * budgets[kind][1]);
  }

  private bucketOf(kind: FloodKind): Bucket {
    let bucket = this.buckets.get(kind);
    if (bucket === undefined) {
      bucket = { tokens: budgets[kind][1], filledMs: this.sinceMs };
      this.buckets.set(kind, bucket);
    }
    return bucket;
  }
}
