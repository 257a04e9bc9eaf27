/** SETTINGS of HTTP/2: what a peer asks for, and what we ask for (RFC 9113 section 6.5.2). */
import {
  errorCode,
  firstWindowBytes,
  framePayloadBytesLimit,
  framePayloadBytesMax,
  type Http2Fault,
  settingId,
  windowBytesMax,
} from "./protocol.ts";

/** What the peer lets us do. */
export interface PeerSettings {
  initialWindowBytes: number;
  /** Streams of ours at a time. */
  streamsMax: number;
  /** Bytes of one header list, as it counts them. */
  headerListBytesMax: number;
}

export function firstPeerSettings(): PeerSettings {
  return {
    initialWindowBytes: firstWindowBytes,
    streamsMax: Number.POSITIVE_INFINITY,
    headerListBytesMax: Number.POSITIVE_INFINITY,
  };
}

/** Six bytes a setting: puts those of `bytes[start..end)` into `peer`; the fault of the first bad one. */
export function readSettings(
  peer: PeerSettings,
  bytes: Buffer,
  start: number,
  end: number,
): Http2Fault | undefined {
  if ((end - start) % 6 !== 0) {
    return {
      code: errorCode.frameSizeError,
      reason: "SETTINGS of a length that is no multiple of 6",
    };
  }
  for (let at = start; at < end; at += 6) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case settingId.enablePush:
        if (value > 1) return invalid("ENABLE_PUSH", value);
        break;
      case settingId.maxConcurrentStreams:
        peer.streamsMax = value;
        break;
      case settingId.initialWindowSize:
        if (value > windowBytesMax) {
          return { ...invalid("INITIAL_WINDOW_SIZE", value), code: errorCode.flowControlError };
        }
        peer.initialWindowBytes = value;
        break;
      case settingId.maxFrameSize:
        // Ours stay at the least that it can be.
        if (value < framePayloadBytesMax || value > framePayloadBytesLimit) {
          return invalid("MAX_FRAME_SIZE", value);
        }
        break;
      case settingId.maxHeaderListSize:
        peer.headerListBytesMax = value;
        break;
      default:
        // Of others nothing is known (section 6.5.2), and our blocks use no table.
        break;
    }
  }
  return undefined;
}

/** The payload of a SETTINGS frame. */
export function encodeSettings(
  settings: readonly (readonly [id: number, value: number])[],
): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return payload;
}

function invalid(name: string, value: number): Http2Fault {
  return { code: errorCode.protocolError, reason: `SETTINGS_${name} of ${value}` };
}
