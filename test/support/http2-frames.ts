/** Frames of HTTP/2 as tests write and read them, apart from the code that they test (RFC 9113 section 4.1). */

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const payload = Object.entries(values).map(([id, value]) => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(Number(id), 0);
    entry.writeUInt32BE(value, 2);
    return entry;
  });
  return frame(4, 0, 0, Buffer.concat(payload));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment, 0);
  return frame(8, 0, streamId, payload);
}

export function reset(streamId: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code, 0);
  return frame(3, 0, streamId, payload);
}

export function data(streamId: number, payload: Buffer, endsStream = false): Buffer {
  return frame(0, endsStream ? 1 : 0, streamId, payload);
}

/** A header block without tables: every field literal (RFC 7541 section 6.2.2). */
export function literalBlock(fields: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value, "latin1");
    if (bytes.length >= 127) {
      const rest = bytes.length - 127;
      return Buffer.concat([Buffer.from([127, (rest & 127) | 128, rest >> 7]), bytes]);
    }
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  };
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

export const requestFields = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a.B/C"],
  [":authority", "x"],
  ["content-type", "application/grpc"],
] as const;

/** HEADERS with all flags for one frame; `endsStream` for a request without a body. */
export function headers(
  streamId: number,
  fields: readonly (readonly [string, string])[] = requestFields,
  endsStream = false,
): Buffer {
  return frame(1, endsStream ? 5 : 4, streamId, literalBlock(fields));
}

/** The whole frames of `bytes`, and how many bytes of a further one there are. */
export function framesOf(bytes: Buffer): { frames: Frame[]; rest: number } {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= 9) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      streamId: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return { frames, rest: bytes.length - at };
}
