/** RTP (RFC 3550) headers, and the names of payload types as clients know them. */
const headerBytes = 12;

export interface RtpHeader {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** The RTP header at the start of the range, or undefined when there is no whole one, or one of RTCP. */
export function dissectRtp(bytes: Uint8Array, start: number, end: number): RtpHeader | undefined {
  if (end - start < headerBytes || isRtcp(bytes, start, end)) return undefined;
  const first = bytes[start] as number;
  if (first >>> 6 !== 2 || end - start < headerBytes + (first & 0x0f) * 4) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset + start, headerBytes);
  return {
    payloadType: header.getUint8(1) & 0x7f,
    sequence: header.getUint16(2),
    timestamp: header.getUint32(4),
    ssrc: header.getUint32(8),
  };
}

/** RTCP packet types 200 to 213 (RFC 5761 section 4): payload types 72 to 85 are kept free for them. */
export function isRtcp(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 8 || (bytes[start] as number) >>> 6 !== 2) return false;
  const type = bytes[start + 1] as number;
  return type >= 200 && type <= 213;
}

/** Payload types with a fixed meaning (RFC 3551 section 6), spelled as in docs/wire.md#labels. */
const codecNames: Readonly<Record<number, string>> = {
  0: "PCMU",
  3: "GSM",
  4: "G723",
  5: "DVI4-8k",
  6: "DVI4-16k",
  7: "LPC",
  8: "PCMA",
  9: "G722",
  10: "L16-stereo",
  11: "L16-mono",
  12: "QCELP",
  13: "CN",
  14: "MPA",
  15: "G728",
  16: "DVI4-11k",
  17: "DVI4-22k",
  18: "G729",
  26: "JPEG",
  31: "H261",
  32: "MPV",
  33: "MP2T",
  34: "H263",
};

/** `PCMU`, `Dynamic-96`, or `PT-77` for what has no meaning. */
export function rtpCodecName(payloadType: number): string {
  const name = codecNames[payloadType];
  if (name !== undefined) return name;
  return payloadType >= 96 && payloadType <= 127 ? `Dynamic-${payloadType}` : `PT-${payloadType}`;
}
