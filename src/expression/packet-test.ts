/**
 * What a test says of a packet. As a BPF machine does, a test that would have to read past the
 * captured bytes ends the whole expression without a match, also behind `not`: that is `cut`.
 */
export const no = 0;
export const yes = 1;
export const cut = 2;
export type Outcome = typeof no | typeof yes | typeof cut;

/** Tests the packet `bytes[start, end)` that had `length` bytes on the wire. Never throws. */
export type PacketTest = (bytes: Uint8Array, start: number, end: number, length: number) => Outcome;

export const never: PacketTest = () => no;
export const always: PacketTest = () => yes;

export function and(left: PacketTest, right: PacketTest): PacketTest {
  if (left === never) return never;
  if (left === always) return right;
  if (right === always) return left;
  return (bytes, start, end, length) => {
    const outcome = left(bytes, start, end, length);
    return outcome === yes ? right(bytes, start, end, length) : outcome;
  };
}

export function or(left: PacketTest, right: PacketTest): PacketTest {
  if (left === always) return always;
  if (left === never) return right;
  if (right === never) return left;
  return (bytes, start, end, length) => {
    const outcome = left(bytes, start, end, length);
    return outcome === no ? right(bytes, start, end, length) : outcome;
  };
}

export function not(inner: PacketTest): PacketTest {
  if (inner === never) return always;
  if (inner === always) return never;
  return (bytes, start, end, length) => {
    const outcome = inner(bytes, start, end, length);
    return outcome === cut ? cut : outcome === yes ? no : yes;
  };
}

/** All of them, in this order. */
export function all(tests: readonly PacketTest[]): PacketTest {
  return tests.reduce((before, test) => and(before, test), always);
}

export function any(tests: readonly PacketTest[]): PacketTest {
  return tests.reduce((before, test) => or(before, test), never);
}
