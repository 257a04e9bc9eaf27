/** Tests of IPv4, IPv6 and Ethernet addresses. */
import { shortEquals, wordAmong, wordEquals } from "./field-tests.ts";
import { all, and, or, type PacketTest } from "./packet-test.ts";
import type { Direction, EtherHost, Ipv4Host, Ipv6Host } from "./syntax-tree.ts";

/** Two tests of one thing in the source and in the destination, joined as the direction says. */
export function inDirection(
  direction: Direction,
  source: PacketTest,
  destination: PacketTest,
): PacketTest {
  switch (direction) {
    case "src":
      return source;
    case "dst":
      return destination;
    case "src or dst":
      return or(source, destination);
    case "src and dst":
      return and(source, destination);
  }
}

/** IPv4 addresses at two offsets from the begin of the packet. */
export function ipv4HostTest(host: Ipv4Host, sourceAt: number, destinationAt: number): PacketTest {
  const { direction, addresses, mask } = host;
  const [only = 0] = addresses;
  const words = new Set(addresses.map((address) => address | 0));
  const addressAt = (at: number) =>
    addresses.length === 1 ? wordEquals(at, only, mask) : wordAmong(at, words, mask);
  return inDirection(direction, addressAt(sourceAt), addressAt(destinationAt));
}

/** The addresses of the IPv6 header at `headerAt`. Words without a bit in the mask are not looked at. */
export function ipv6HostTest(host: Ipv6Host, headerAt: number): PacketTest {
  const { direction, address, mask } = host;
  return inDirection(direction, addressAt(headerAt + 8), addressAt(headerAt + 24));

  function addressAt(at: number): PacketTest {
    const words = address.flatMap((word, index) => {
      const bits = mask[index] ?? 0;
      return bits === 0 ? [] : [wordEquals(at + 4 * index, word, bits)];
    });
    return all(words);
  }
}

/** The addresses of an Ethernet header; the last four bytes are compared first, as libpcap does. */
export function etherHostTest({ direction, high, low }: EtherHost): PacketTest {
  const addressAt = (at: number) => and(wordEquals(at + 2, low), shortEquals(at, high));
  return inDirection(direction, addressAt(6), addressAt(0));
}
