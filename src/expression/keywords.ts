/** Words of the expression language, and those that are refused. */
import { nearestName } from "../config/nearest-name.ts";

/**
 * The words of the language (pcap-filter(7)). A keyword is written in lower case; where a name is
 * meant that is also a keyword, it is written with a backslash: `ip proto \tcp`.
 */

/** Protocols that can stand before a primitive; the words for the link layer all mean `link`. */
export const protocolWords: ReadonlyMap<string, string> = new Map([
  ...["ether", "link", "fddi", "tr", "ppp", "slip"].map((word) => [word, "link"] as const),
  ...[
    "ip",
    "ip6",
    "arp",
    "rarp",
    "tcp",
    "udp",
    "sctp",
    "icmp",
    "icmp6",
    "igmp",
    "igrp",
    "pim",
    "vrrp",
    "carp",
    "ah",
    "esp",
    "atalk",
    "aarp",
    "decnet",
    "iso",
    "stp",
    "ipx",
    "netbeui",
    "lat",
    "sca",
    "moprc",
    "mopdl",
  ].map((word) => [word, word] as const),
]);

/** Every other keyword that is understood. */
export const otherWords: ReadonlySet<string> = new Set([
  "src",
  "dst",
  "host",
  "net",
  "mask",
  "port",
  "portrange",
  "proto",
  "broadcast",
  "multicast",
  "less",
  "greater",
  "len",
  "length",
  "vlan",
  "mpls",
  "pppoed",
  "pppoes",
]);

/** Keywords of libpcap that mean nothing here, or nothing that a packet's bytes could tell. */
export const refusedWords: ReadonlySet<string> = new Set(
  (
    "gateway protochain inbound outbound ifindex geneve byte radio llc wlan type subtype dir direction " +
    "addr1 addr2 addr3 addr4 address1 address2 address3 address4 ra ta on ifname rset ruleset rnr " +
    "rulenum srnr subrulenum reason action esis es-is isis is-is clnp l1 l2 iih lsp snp csnp psnp " +
    "vpi vci lane oamf4s oamf4e oamf4 oam metac bcc sc ilmic connectmsg metaconnect fisu lssu lsu " +
    "msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls"
  ).split(" "),
);

/** Names that are numbers wherever they stand: offsets, types and flags of headers. */
export const numberWords: ReadonlyMap<string, number> = new Map([
  ["icmptype", 0],
  ["icmpcode", 1],
  ["icmp6type", 0],
  ["icmp6code", 1],
  ["tcpflags", 13],
  ["tcp-fin", 0x01],
  ["tcp-syn", 0x02],
  ["tcp-rst", 0x04],
  ["tcp-push", 0x08],
  ["tcp-ack", 0x10],
  ["tcp-urg", 0x20],
  ["tcp-ece", 0x40],
  ["tcp-cwr", 0x80],
  ["icmp-echoreply", 0],
  ["icmp-unreach", 3],
  ["icmp-sourcequench", 4],
  ["icmp-redirect", 5],
  ["icmp-echo", 8],
  ["icmp-routeradvert", 9],
  ["icmp-routersolicit", 10],
  ["icmp-timxceed", 11],
  ["icmp-paramprob", 12],
  ["icmp-tstamp", 13],
  ["icmp-tstampreply", 14],
  ["icmp-ireq", 15],
  ["icmp-ireqreply", 16],
  ["icmp-maskreq", 17],
  ["icmp-maskreply", 18],
  ["icmp6-destinationunreach", 1],
  ["icmp6-packettoobig", 2],
  ["icmp6-timeexceeded", 3],
  ["icmp6-parameterproblem", 4],
  ["icmp6-echo", 128],
  ["icmp6-echoreply", 129],
  ["icmp6-multicastlistenerquery", 130],
  ["icmp6-multicastlistenerreportv1", 131],
  ["icmp6-multicastlistenerdone", 132],
  ["icmp6-routersolicit", 133],
  ["icmp6-routeradvert", 134],
  ["icmp6-neighborsolicit", 135],
  ["icmp6-neighboradvert", 136],
  ["icmp6-redirect", 137],
  ["icmp6-routerrenum", 138],
  ["icmp6-nodeinformationquery", 139],
  ["icmp6-nodeinformationresponse", 140],
  ["icmp6-ineighbordiscoverysolicit", 141],
  ["icmp6-ineighbordiscoveryadvert", 142],
  ["icmp6-multicastlistenerreportv2", 143],
  ["icmp6-homeagentdiscoveryrequest", 144],
  ["icmp6-homeagentdiscoveryreply", 145],
  ["icmp6-mobileprefixsolicit", 146],
  ["icmp6-mobileprefixadvert", 147],
  ["icmp6-certpathsolicit", 148],
  ["icmp6-certpathadvert", 149],
  ["icmp6-multicastrouteradvert", 151],
  ["icmp6-multicastroutersolicit", 152],
  ["icmp6-multicastrouterterm", 153],
]);

/** The keyword that was probably meant. */
export function nearestWord(text: string): string | undefined {
  return nearestName(text.toLowerCase(), [...protocolWords.keys(), ...otherWords]);
}
