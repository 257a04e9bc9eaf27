/** As much DER (X.690) as a certificate takes. */

/** One element: tag, length, contents. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(contents.length), contents]);
}

export const derSequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
export const derSet = (...parts: readonly Uint8Array[]): Buffer => der(0x31, ...parts);
export const derOctets = (...parts: readonly Uint8Array[]): Buffer => der(0x04, ...parts);
export const derTrue: Buffer = der(0x01, Buffer.from([0xff]));

/** `bytes` is a positive number, the highest byte first. */
export function derInteger(...bytes: readonly number[]): Buffer {
  const [first = 0] = bytes;
  return der(0x02, Buffer.from(first >= 0x80 ? [0, ...bytes] : bytes));
}

export function derText(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

/** `unusedBits` of the last byte do not count. */
export function derBits(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(0x03, Buffer.from([unusedBits]), bytes);
}

/** `1.2.840.10045.4.3.2` */
export function derIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const digits = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

/** RFC 5280 section 4.1.2.5: two digits for the year until 2049. */
export function derTime(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]|\.\d+/g, "")}`;
  if (date.getUTCFullYear() < 2050) return der(0x17, Buffer.from(digits.slice(2)));
  return der(0x18, Buffer.from(digits));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}
