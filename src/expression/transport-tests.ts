/** Tests of IP protocols and ports. */
import { uint16At } from "../packet/layers.ts";
import { byteEquals } from "./field-tests.ts";
import { and, cut, no, type Outcome, or, type PacketTest, yes } from "./packet-test.ts";
import type { PortRange, Ports } from "./syntax-tree.ts";

const fragmentHeader = 44;

/** The protocol of the IPv4 header at `at`. */
export function ipv4ProtocolTest(at: number, protocol: number): PacketTest {
  return byteEquals(at + 9, protocol);
}

/**
 * The next header of the IPv6 header at `at`, also behind one fragment header; no other extension
 * header is passed, as in libpcap.
 */
export function ipv6ProtocolTest(at: number, protocol: number): PacketTest {
  const inFragment = and(byteEquals(at + 6, fragmentHeader), byteEquals(at + 40, protocol));
  return or(byteEquals(at + 6, protocol), inFragment);
}

/** Ports behind the IPv4 header at `headerAt`; a later fragment has none. */
export function ipv4PortTest(ports: Ports, headerAt: number): PacketTest {
  const portTest = rangeTest(ports);
  const [one = -1, two = -1, three = -1] = ports.protocols;
  return (bytes, start, end) => {
    const at = start + headerAt;
    if (at + 10 > end) return cut;
    const protocol = bytes[at + 9] as number;
    if (protocol !== one && protocol !== two && protocol !== three) return no;
    if ((uint16At(bytes, at + 6) & 0x1fff) !== 0) return no;
    return portTest(bytes, at + ((bytes[at] as number) & 0xf) * 4, end);
  };
}

/** Ports directly behind the IPv6 header at `headerAt`. */
export function ipv6PortTest(ports: Ports, headerAt: number): PacketTest {
  const portTest = rangeTest(ports);
  const [one = -1, two = -1, three = -1] = ports.protocols;
  return (bytes, start, end) => {
    const at = start + headerAt;
    if (at + 7 > end) return cut;
    const protocol = bytes[at + 6] as number;
    if (protocol !== one && protocol !== two && protocol !== three) return no;
    return portTest(bytes, at + 40, end);
  };
}

/** Tests the ports at `at`, which counts from the begin of `bytes`. */
type RangeTest = (bytes: Uint8Array, at: number, end: number) => Outcome;

/** The second port is not looked at where the first decides. */
function rangeTest({ direction, ranges }: Ports): RangeTest {
  const source = portTest(0, ranges);
  const destination = portTest(2, ranges);
  if (direction === "src") return source;
  if (direction === "dst") return destination;
  const undecided = direction === "src or dst" ? no : yes;
  return (bytes, at, end) => {
    const outcome = source(bytes, at, end);
    return outcome === undecided ? destination(bytes, at, end) : outcome;
  };
}

function portTest(offset: number, ranges: readonly PortRange[]): RangeTest {
  const [only, ...others] = ranges;
  if (only === undefined || others.length > 0) return portAmong(offset, ranges);
  const { first, last } = only;
  return (bytes, at, end) => {
    if (at + offset + 2 > end) return cut;
    const port = uint16At(bytes, at + offset);
    return port >= first && port <= last ? yes : no;
  };
}

function portAmong(offset: number, ranges: readonly PortRange[]): RangeTest {
  const ends = Uint16Array.from(ranges.flatMap(({ first, last }) => [first, last]));
  return (bytes, at, end) => {
    if (at + offset + 2 > end) return cut;
    const port = uint16At(bytes, at + offset);
    for (let index = 0; index < ends.length; index += 2) {
      if (port >= (ends[index] as number) && port <= (ends[index + 1] as number)) return yes;
    }
    return no;
  };
}
