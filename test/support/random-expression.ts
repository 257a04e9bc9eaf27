/** Random packet filter expressions. */
import type { Seeded } from "./seeded.ts";

/**
 * Makes expressions that the language allows, of everything in it, with numbers that the packets of
 * `filter-packets.ts` have now and then. Few are refused: what an encapsulation forbids behind it.
 */
export function randomExpression(random: Seeded): string {
  return expression(random, random.between(0, 3));
}

function pick<Item>(random: Seeded, items: readonly Item[]): Item {
  return items[random.between(0, items.length - 1)] as Item;
}

function expression(random: Seeded, depth: number): string {
  if (depth === 0) return primitive(random);
  const left = expression(random, depth - 1);
  switch (random.between(0, 6)) {
    case 0:
      return `not ${primitive(random)}`;
    case 1:
      return `!(${left})`;
    case 2:
      return `(${left}) ${joint(random)} ${expression(random, depth - 1)}`;
    case 3:
      return `${left} ${joint(random)} (${expression(random, depth - 1)})`;
    default:
      return `${left} ${joint(random)} ${expression(random, depth - 1)}`;
  }
}

const joint = (random: Seeded) => pick(random, ["and", "or", "&&", "||", "and not", "or not"]);

const protocols = ["ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp"];
const rareProtocols = ["igrp", "pim", "vrrp", "ah", "esp", "stp", "ipx", "atalk", "iso", "lat"];
const ports = ["80", "443", "5060", "53", "1024", "2048", "40000", "http", "domain", "sip", "0x50"];
const hosts = ["10.0.0.1", "192.168.1.20", "10.1.2.3", "224.0.0.251", "2001:db8::1", "ff02::1"];
const nets = [
  "10",
  "10.0.0.0/8",
  "192.168",
  "192.168.1.0/24",
  "172.16.0.0/12",
  "10.0.0.0 mask 255.255.255.0",
  "2001:db8::/32",
  "2001:db8:1::/48",
  "ff00::/8",
  "0.0.0.0/0",
];
const macs = ["02:00:00:00:00:01", "2:0:0:0:0:2", "ff-ff-ff-ff-ff-ff", "0100.5e00.0001"];

function primitive(random: Seeded): string {
  const direction = pick(random, ["", "", "src ", "dst ", "src or dst ", "src and dst "]);
  switch (random.between(0, 13)) {
    case 0:
    case 1:
      return pick(random, protocols);
    case 2:
      return pick(random, rareProtocols);
    case 3:
      return `${pick(random, ["", "tcp ", "udp ", "sctp "])}${direction}port ${ids(random, ["80", "443", "5060", "53", "1024"])}`;
    case 4:
      return `${direction}port ${pick(random, ports)}`;
    case 5:
      return `${pick(random, ["", "tcp ", "udp "])}${direction}portrange ${pick(random, ["1-1023", "5060-5090", "443-80", "1024"])}`;
    case 6:
      return `${direction}host ${ids(random, hosts)}`;
    case 7:
      return `${direction}net ${ids(random, nets)}`;
    case 8:
      return `ether ${direction}host ${pick(random, macs)}`;
    case 9:
      return `${pick(random, ["", "ip ", "ip6 "])}proto ${pick(random, ["6", "17", "\\tcp", "\\udp", "44", "gre", "ospf"])}`;
    case 10:
      return pick(random, [
        "broadcast",
        "multicast",
        "ether multicast",
        "ip multicast",
        "ip broadcast",
        "ip6 multicast",
        "ether proto 0x806",
        "ether proto \\ip",
        "ether proto 0x42",
      ]);
    case 11:
      return random.between(0, 1) === 0
        ? `${pick(random, ["less", "greater"])} ${random.between(40, 200)}`
        : encapsulation(random);
    default:
      return `${arithmetic(random, 2)} ${pick(random, ["=", "==", "!=", "<", "<=", ">", ">="])} ${arithmetic(random, 1)}`;
  }
}

function ids(random: Seeded, from: readonly string[]): string {
  switch (random.between(0, 4)) {
    case 0:
      return `${pick(random, from)} or ${pick(random, from)}`;
    case 1:
      return `(${pick(random, from)} or ${pick(random, from)})`;
    case 2:
      return `${pick(random, from)} and not ${pick(random, from)}`;
    default:
      return pick(random, from);
  }
}

function encapsulation(random: Seeded): string {
  const rest = pick(random, ["", "", " and ip", " and tcp", " and port 80", " and host 10.0.0.1"]);
  const id = (...numbers: number[]) => pick(random, ["", ...numbers.map((number) => ` ${number}`)]);
  switch (random.between(0, 3)) {
    case 0:
      return `vlan${id(100, 101, 200)} and vlan${id(100, 101)}${rest}`;
    case 1:
      return `mpls${id(1000, 16)}${rest}`;
    case 2:
      return `pppoes${id(39, 40)}${rest}`;
    default:
      return `vlan${id(100, 101, 200)}${rest}`;
  }
}

function arithmetic(random: Seeded, depth: number): string {
  if (depth > 0 && random.between(0, 2) > 0) {
    const operator = pick(random, ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"]);
    const isShift = operator === "<<" || operator === ">>";
    const right = isShift ? `${random.between(0, 9)}` : arithmetic(random, depth - 1);
    const text = `${arithmetic(random, depth - 1)} ${operator} ${right}`;
    return random.between(0, 2) === 0 ? `(${text})` : text;
  }
  switch (random.between(0, 5)) {
    case 0:
      return pick(random, ["5", "0x0f", "80", "0x45", "0xf0", "tcp-syn", "255", "6", "017"]);
    case 1:
      return pick(random, ["len", "100", "-1", "tcp[tcpflags]", "icmp[icmptype]", "icmp6[0]"]);
    case 2:
      return `ip[${random.between(0, 30)}${size(random)}]`;
    case 3:
      return `ether[${random.between(0, 60)}${size(random)}]`;
    case 4:
      return `${pick(random, ["ip6", "tcp", "udp", "arp", "sctp", "igmp"])}[${random.between(0, 12)}${size(random)}]`;
    default:
      return pick(random, ["ip[ip[0] & 0xf]", "tcp[tcp[12] >> 2]", "ether[len - 1]", "udp[4:2]"]);
  }
}

const size = (random: Seeded) => pick(random, ["", "", ":1", ":2", ":4"]);
