/** Which header `protocol[index:size]` reads. */
import { linkProtocolNames } from "./protocol-names.ts";

/** Where the header of a protocol is, for `protocol[index:size]`. */
export type Header =
  /** At the begin of the link layer. */
  | { readonly kind: "link" }
  /** Behind the link layer, where that names this EtherType. */
  | { readonly kind: "network"; readonly etherType: number }
  /** Behind an IPv4 header that names this protocol and is not of a later fragment. */
  | { readonly kind: "over-ipv4"; readonly protocol: number }
  /** Directly behind an IPv6 header that names this protocol. */
  | { readonly kind: "over-ipv6"; readonly protocol: number };

const overIpv4: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  igrp: 9,
  udp: 17,
  pim: 103,
  vrrp: 112,
  carp: 112,
  sctp: 132,
};

const network = ["ip", "ip6", "arp", "rarp", "atalk", "decnet", "lat", "sca", "moprc", "mopdl"];

/**
 * The header of a value of `protocolWords`, or undefined where no bytes can be named. As libpcap has
 * it, `tcp[…]` and its like are of IPv4 only.
 */
export function headerOf(protocol: string): Header | undefined {
  if (protocol === "link") return { kind: "link" };
  if (protocol === "icmp6") return { kind: "over-ipv6", protocol: 58 };
  const number = overIpv4[protocol];
  if (number !== undefined) return { kind: "over-ipv4", protocol: number };
  const etherType = network.includes(protocol) ? linkProtocolNames.get(protocol) : undefined;
  return etherType === undefined ? undefined : { kind: "network", etherType };
}
