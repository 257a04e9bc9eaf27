/** TLS hellos, built field by field for tests. */
import { concat, uint16 } from "./packets.ts";

export interface HelloFields {
  /** Of the hello itself; default TLS 1.2. */
  readonly version?: number;
  readonly sessionId?: readonly number[];
  readonly cipherSuites: readonly number[];
  /** Default: none, and not even their length. */
  readonly extensions?: readonly Uint8Array[];
}

/** A ClientHello as a handshake message (RFC 8446 section 4.1.2). */
export function clientHello(fields: HelloFields): Uint8Array {
  const ciphers = uint16s(fields.cipherSuites);
  return handshake(
    1,
    opening(fields),
    uint16(ciphers.length),
    ciphers,
    [1, 0],
    extensionBlock(fields.extensions),
  );
}

/** A ServerHello that chooses the first of `cipherSuites` (RFC 8446 section 4.1.3). */
export function serverHello(fields: HelloFields): Uint8Array {
  const cipher = uint16(fields.cipherSuites[0] ?? 0);
  return handshake(2, opening(fields), cipher, [0], extensionBlock(fields.extensions));
}

export function extension(type: number, value: Uint8Array | readonly number[]): Uint8Array {
  return concat(uint16(type), uint16(value.length), value);
}

export function uint16s(numbers: readonly number[]): number[] {
  return numbers.flatMap(uint16);
}

/** A list of 16-bit numbers with its length before it: groups, signature algorithms. */
export function list16(numbers: readonly number[]): number[] {
  return [...uint16(numbers.length * 2), ...uint16s(numbers)];
}

/** The records that carry a handshake message, of at most `bytesMax` of it each. */
export function tlsRecords(message: Uint8Array, bytesMax = 16_384): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += bytesMax) {
    const part = message.subarray(at, at + bytesMax);
    records.push(concat([22, 3, 1], uint16(part.length), part));
  }
  return concat(...records);
}

function handshake(
  type: number,
  ...parts: readonly (Uint8Array | readonly number[])[]
): Uint8Array {
  const body = concat(...parts);
  return concat([type, body.length >>> 16], uint16(body.length & 0xffff), body);
}

/** Version, random and session id. */
function opening(fields: HelloFields): Uint8Array {
  const { version = 0x0303, sessionId = [] } = fields;
  return concat(uint16(version), new Uint8Array(32).fill(7), [sessionId.length], sessionId);
}

function extensionBlock(extensions: readonly Uint8Array[] | undefined): Uint8Array {
  if (extensions === undefined) return new Uint8Array(0);
  const block = concat(...extensions);
  return concat(uint16(block.length), block);
}
