/** One call as several hunters saw it, and what a SIP message changes in it (docs/calls.md). */
import type { SipSighting } from "./sip-sighting.ts";

export type CallState = "TRYING" | "RINGING" | "ESTABLISHED" | "ENDED";

/** What was seen of one Call-ID. */
export interface CallLeg {
  readonly callId: string;
  /** Of the first packet. */
  readonly hunterId: string;
  readonly srcIp: string;
  readonly dstIp: string;
  /** Of the last message: its method, or of a response that of the request that it answers. */
  method: string;
  /** Of the last message; 0 for a request. */
  responseCode: number;
  packets: number;
  /** Packet times, nanoseconds since 1970. */
  startNs: bigint;
  lastNs: bigint;
}

export interface Call {
  /** Hex SHA-256 of the sorted tags of the first packet with a colon between them. */
  readonly id: string;
  /** A small number that no other call has at the same time. */
  readonly slot: number;
  readonly tagPair: readonly [string, string];
  /** URI of the first packet, or the user where it has none. */
  readonly fromUser: string;
  readonly toUser: string;
  /** Ends of both numbers, by which other legs are found; "" when one is too short. */
  readonly numbers: string;
  /** Ids that the tags of other legs make. */
  readonly joinedIds: string[];
  /** By Call-ID, in the order in which they were first seen. */
  readonly legs: Map<string, CallLeg>;
  startNs: bigint;
  lastNs: bigint;
  state: CallState;
  /** Time of the packet that ended it. */
  endedNs: bigint;
  /**
   * So far nothing but a request for credentials and its ACK: the INVITE comes again with other tags,
   * and that will be the call. Not to be shown.
   */
  isChallenge: boolean;
  /** Monotonic milliseconds of our clock. */
  touchedAtMs: number;
  /** Counts up over all calls with each change. */
  revision: number;
}

/** The method that a message has or answers; "" when it is not told. */
export function methodOf({ cseqMethod, method }: SipSighting): string {
  return cseqMethod === "" ? method : cseqMethod;
}

/** 401 and 407 ask for credentials, and the call goes on with them (RFC 3261 section 22). */
export function isChallenge({ responseCode }: SipSighting): boolean {
  return responseCode === 401 || responseCode === 407;
}

/** Notes one message of `leg` in the call. */
export function advance(call: Call, leg: CallLeg, sighting: SipSighting): void {
  const { timeNs } = sighting;
  const method = methodOf(sighting);
  // Of a failure or a success, by what the leg answered before.
  const acknowledgesFailure = method === "ACK" && leg.responseCode >= 300;
  const state = nextState(call.state, sighting, acknowledgesFailure);
  if (state === "ENDED" && call.state !== "ENDED") call.endedNs = timeNs;
  call.state = state;
  if (!isChallenge(sighting) && !acknowledgesFailure) call.isChallenge = false;
  leg.method = method === "" ? leg.method : method;
  leg.responseCode = sighting.responseCode;
  leg.packets++;
  // Hunters report one after the other, so packets come out of order.
  for (const span of [call, leg]) {
    if (timeNs < span.startNs) span.startNs = timeNs;
    if (timeNs > span.lastNs) span.lastNs = timeNs;
  }
}

/**
 * The states of docs/calls.md, with what RFC 3261 says where existing nodes err: requests for
 * credentials end nothing, nor do failures of a request inside an established call (sections 12.2.1.2
 * and 14.1), and only a 2xx to INVITE establishes it, or the ACK that follows.
 */
function nextState(state: CallState, sighting: SipSighting, failed: boolean): CallState {
  if (state === "ENDED" || isChallenge(sighting)) return state;
  const { responseCode: code } = sighting;
  const method = methodOf(sighting);
  if (method === "BYE" || method === "CANCEL") return "ENDED";
  if (code >= 400) return endsCall(state, method, code) ? "ENDED" : state;
  if (method === "ACK") return failed ? state : "ESTABLISHED";
  if (method !== "INVITE" && method !== "") return state;
  if (code >= 200 && code < 300) return "ESTABLISHED";
  const rings = code >= 180 && code < 200;
  const invites = code === 0 && method === "INVITE";
  return state === "TRYING" && (rings || invites) ? "RINGING" : state;
}

function endsCall(state: CallState, method: string, code: number): boolean {
  // The other side does not know the dialog, or is gone.
  if (method === "" || code === 481 || code === 408) return true;
  return method === "INVITE" && state !== "ESTABLISHED";
}
