/**
 * What one hunter saw of a call: a SIP message with both tags, as a shard tells control of it. Texts
 * are valid UTF-8 of at most `limits.callTextCharsMax` characters (the id of the hunter: as it is).
 */
export interface SipSighting {
  readonly hunterId: string;
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly fromUser: string;
  readonly toUser: string;
  readonly fromUri: string;
  readonly toUri: string;
  /** Of a request; "" for a response. */
  readonly method: string;
  /** Method of the request that this is or answers; "" when the hunter does not tell. */
  readonly cseqMethod: string;
  /** 0 for a request. */
  readonly responseCode: number;
  /** "" when not known. */
  readonly srcIp: string;
  readonly dstIp: string;
  /** Packet time, nanoseconds since 1970. */
  readonly timeNs: bigint;
}

/** What a shard saw since its last report. */
export interface SipReport {
  readonly sightings: readonly SipSighting[];
  /** SIP packets that it did not look at, since there were too many. */
  readonly missed: number;
}
