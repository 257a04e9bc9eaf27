/**
 * LRU table of the calls of the node: SIP messages that belong together, by whichever hunters they
 * were seen (docs/wire.md#subscribecorrelatedcalls).
 *
 * A message belongs to the call of its tags. Behind a node that makes calls of its own (a back-to-back
 * user agent) the tags differ: then to the call between the same two numbers that was going on.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import { advance, type Call, type CallLeg, isChallenge, methodOf } from "./call.ts";
import { numberPair } from "./number-pair.ts";
import type { SipSighting } from "./sip-sighting.ts";

/** Others (REGISTER, OPTIONS, SUBSCRIBE, MESSAGE) have tags too, but make no call. */
const callMethods = new Set([
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "INFO",
  "PRACK",
  "UPDATE",
  "REFER",
  // Not told: older hunters do not say what a response answers.
  "",
]);

const joinNs = BigInt(limits.callJoinMs) * 1_000_000n;
const joinAfterEndNs = BigInt(limits.callJoinAfterEndMs) * 1_000_000n;

export interface CallTableOptions {
  readonly clock: Clock;
  /** A call that is known no longer. */
  readonly onForgotten: (call: Call) => void;
  /** Default: `limits.callsMax`. */
  readonly callsMax?: number;
  /** Legs of all calls. Default: `limits.callLegsMax`. */
  readonly legsMax?: number;
}

export class CallTable {
  /** Calls given up to make room for others. */
  evictedCalls = 0;
  evictedLegs = 0;
  private readonly options: CallTableOptions;
  /** The longest silent first. */
  private readonly calls = new Set<Call>();
  /** By the ids of all its tag pairs. */
  private readonly byId = new Map<string, Call>();
  private readonly slots: (Call | undefined)[] = [];
  private readonly freeSlots: number[] = [];
  /** The latest call between two numbers. */
  private readonly byNumbers = new Map<string, Call>();
  private readonly callsMax: number;
  private readonly legsMax: number;
  private legs = 0;
  private revision = 0;

  constructor(options: CallTableOptions) {
    this.options = options;
    this.callsMax = options.callsMax ?? limits.callsMax;
    this.legsMax = options.legsMax ?? limits.callLegsMax;
  }

  get size(): number {
    return this.calls.size;
  }

  /** Revision of the latest change. */
  get latest(): number {
    return this.revision;
  }

  /** Every call, the longest silent first. */
  known(): Iterable<Call> {
    return this.calls;
  }

  /** The call in that slot; undefined when there is none, or none that is to be shown. */
  at(slot: number): Call | undefined {
    const call = this.slots[slot];
    return call?.isChallenge === false ? call : undefined;
  }

  /** The call that the message belongs to, changed by it; undefined when it makes none. */
  observe(sighting: SipSighting): Call | undefined {
    const { fromTag, toTag } = sighting;
    const tagPair: [string, string] = fromTag < toTag ? [fromTag, toTag] : [toTag, fromTag];
    const id = createHash("sha256").update(`${tagPair[0]}:${tagPair[1]}`).digest("hex");
    const call = this.byId.get(id) ?? this.find(id, tagPair, sighting);
    if (call === undefined) return undefined;
    // Keeps the order by last message.
    this.calls.delete(call);
    this.calls.add(call);
    call.touchedAtMs = this.options.clock.monotonicMs();
    call.revision = ++this.revision;
    advance(call, this.legOf(call, sighting), sighting);
    return call;
  }

  /** Forgets calls of which nothing came for long, by our clock: captures may be replayed. */
  purge(): void {
    const oldest = this.options.clock.monotonicMs() - limits.callForgetMs;
    for (const call of this.calls) {
      if (call.touchedAtMs >= oldest) return;
      this.forget(call);
    }
  }

  /** The call that a message with unknown tags joins, or a new one. */
  private find(id: string, tagPair: [string, string], sighting: SipSighting): Call | undefined {
    if (!callMethods.has(methodOf(sighting))) return undefined;
    const numbers = numberPair(sighting);
    const other = numbers === "" ? undefined : this.byNumbers.get(numbers);
    if (other !== undefined && canJoin(other, sighting.timeNs)) {
      other.joinedIds.push(id);
      this.byId.set(id, other);
      return other;
    }
    return this.add(id, tagPair, numbers, sighting);
  }

  private add(id: string, tagPair: [string, string], numbers: string, sighting: SipSighting): Call {
    if (this.calls.size >= this.callsMax) this.evict();
    const { fromUri, fromUser, toUri, toUser, timeNs } = sighting;
    const slot = this.freeSlots.pop() ?? this.slots.length;
    const call: Call = {
      id,
      slot,
      tagPair,
      fromUser: fromUri === "" ? fromUser : fromUri,
      toUser: toUri === "" ? toUser : toUri,
      numbers,
      joinedIds: [],
      legs: new Map(),
      startNs: timeNs,
      lastNs: timeNs,
      state: "TRYING",
      endedNs: 0n,
      isChallenge: isChallenge(sighting),
      touchedAtMs: 0,
      revision: 0,
    };
    this.slots[slot] = call;
    this.byId.set(id, call);
    if (numbers !== "") this.byNumbers.set(numbers, call);
    return call;
  }

  private legOf(call: Call, sighting: SipSighting): CallLeg {
    const { callId, hunterId, srcIp, dstIp, timeNs } = sighting;
    const known = call.legs.get(callId);
    if (known !== undefined) return known;
    if (call.legs.size >= limits.legsPerCallMax) {
      const silent = [...call.legs.values()].reduce((a, b) => (b.lastNs < a.lastNs ? b : a));
      call.legs.delete(silent.callId);
      this.evictedLegs++;
    } else {
      // Never this call: it is the latest.
      if (this.legs >= this.legsMax) this.evict();
      this.legs++;
    }
    const leg: CallLeg = {
      callId,
      hunterId,
      srcIp,
      dstIp,
      method: "",
      responseCode: 0,
      packets: 0,
      startNs: timeNs,
      lastNs: timeNs,
    };
    call.legs.set(callId, leg);
    return leg;
  }

  private evict(): void {
    for (const call of this.calls) {
      this.forget(call);
      this.evictedCalls++;
      return;
    }
  }

  private forget(call: Call): void {
    this.calls.delete(call);
    this.slots[call.slot] = undefined;
    this.freeSlots.push(call.slot);
    this.legs -= call.legs.size;
    for (const id of [call.id, ...call.joinedIds]) this.byId.delete(id);
    if (this.byNumbers.get(call.numbers) === call) this.byNumbers.delete(call.numbers);
    this.options.onForgotten(call);
  }
}

/**
 * Whether a leg that begins at `timeNs` can be of this call. A call that ended before is not it: who
 * dials again at once makes a new one.
 */
function canJoin(call: Call, timeNs: bigint): boolean {
  if (call.joinedIds.length >= limits.legsPerCallMax - 1) return false;
  const apart = timeNs - call.startNs;
  if (apart > joinNs || -apart > joinNs) return false;
  return call.state !== "ENDED" || timeNs - call.endedNs <= joinAfterEndNs;
}
