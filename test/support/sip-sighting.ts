/** SIP messages for tests: as a shard reports them, and as they are on the wire. */
import type { SipSighting } from "../../src/sip-calls/sip-sighting.ts";

/** Nanoseconds since 1970 of second `seconds` of a test. */
export function second(seconds: number): bigint {
  return 1_700_000_000_000_000_000n + BigInt(Math.round(seconds * 1e9));
}

/** A sighting of a call from 5550001111 to 5550002222, by default its INVITE with both tags. */
export function sighting(fields: Partial<SipSighting> = {}): SipSighting {
  const method = fields.method ?? ((fields.responseCode ?? 0) === 0 ? "INVITE" : "");
  return {
    hunterId: "h1",
    callId: "call-1",
    fromTag: "a",
    toTag: "b",
    fromUser: "5550001111",
    toUser: "5550002222",
    fromUri: "",
    toUri: "",
    cseqMethod: method === "" ? "INVITE" : method,
    responseCode: 0,
    srcIp: "10.0.0.1",
    dstIp: "10.0.0.2",
    timeNs: second(0),
    ...fields,
    method,
  };
}

export interface SipFields {
  /** `INVITE sip:x@y` or `180 Ringing`. */
  readonly start: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly cseq: string;
}

/** The bytes of a SIP message (RFC 3261 section 7) without a body. */
export function sipMessage({ start, callId, from, to, cseq }: SipFields): Uint8Array {
  const first = /^\d/.test(start) ? `SIP/2.0 ${start}` : `${start} SIP/2.0`;
  const lines = [
    first,
    "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK776",
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: 1 ${cseq}`,
    "Content-Length: 0",
    "",
    "",
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}
