/** What a shard tells control of one live view, once a second and when it ends. Plain data. */
export interface SubscriberReport {
  /** Within the shard, never reused. */
  readonly number: number;
  /** As the client named itself, or as it was named. */
  readonly clientId: string;
  /** `address:port`. */
  readonly peer: string;
  /** The first `limits.subscriberHuntersShownMax` of the hunters it asked for; undefined = all. */
  readonly hunters: readonly string[] | undefined;
  /** How many it asked for. */
  readonly hunterCount: number;
  /** Its packet filter, "" = none. */
  readonly expression: string;
  readonly batchesSent: number;
  /** Batches that it lost because it, or the node, was too slow. */
  readonly batchesDropped: number;
  readonly batchesQueued: number;
  readonly ended: boolean;
}
