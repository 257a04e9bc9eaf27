/** What a probe says of one packet. */
export const probeAnswer = {
  /** This packet shows nothing of the protocol. */
  no: 0,
  /** The conversation speaks the protocol: the verdict. */
  match: 1,
  /** It may be the protocol: `context.note` holds what to compare the next packets with. */
  needMore: 2,
} as const;

export type ProbeAnswer = (typeof probeAnswer)[keyof typeof probeAnswer];

/** Where a TCP payload stands in its direction of the stream, as far as the handshake was seen. */
export const streamPosition = {
  /** Not TCP, or the handshake was not seen, or the stream's first bytes were not captured. */
  unknown: 0,
  /** These are the first bytes of this direction. */
  start: 1,
  /** The first bytes of this direction came by earlier and gave no verdict. */
  later: 2,
} as const;

export type Transport = "tcp" | "udp" | "esp";

/** What a probe may know besides the payload. One object, refilled for each packet. */
export class ProbeContext {
  isTcp = false;
  /** The payload is that of an IP protocol without ports, such as ESP. */
  isPortless = false;
  sourcePort = 0;
  destinationPort = 0;
  /** Bytes of payload on the wire: more than the range given when the capture was cut. */
  lengthOnWire = 0;
  /** One of `streamPosition`. */
  position = 0;
  /** What this detector noted of the last packet in this direction that needed more; 0 = nothing. */
  noteHere = 0;
  /** The same for the opposite direction. */
  noteThere = 0;
  /** To be set, to a number above 0 and below 2^32, by a probe that answers `needMore`. */
  note = 0;

  /** True when either port is `port`. */
  hasPort(port: number): boolean {
    return this.sourcePort === port || this.destinationPort === port;
  }
}

/**
 * One protocol. Adding one takes a file with such a constant and a line in `registry.ts`.
 *
 * `probe` is pure: it reads `bytes[start, end)` and the context, may set `context.note`, keeps
 * nothing, and does not throw. The range is at least `bytesMin` long.
 */
export interface Detector {
  /** Label as clients know it (docs/wire.md#labels). */
  readonly name: string;
  readonly transports: readonly Transport[];
  /** Ports on which this detector is asked first. A hint is no proof. */
  readonly portHints: readonly number[];
  readonly bytesMin: number;
  probe(bytes: Uint8Array, start: number, end: number, context: ProbeContext): ProbeAnswer;
}
