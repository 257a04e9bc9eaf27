/** The syntax tree of an expression. */
import type { Token } from "./token.ts";

/**
 * An expression after parsing: names are numbers, addresses are words, and what can be wrong for
 * every kind of packet is already refused. What it means for one link type is `generate.ts`'s part.
 */
export type Expression =
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly inner: Expression }
  | Primitive;

export type Primitive =
  | LinkProtocol
  | IpProtocol
  | Ipv4Host
  | Ipv6Host
  | Ports
  | EtherHost
  | Encapsulation
  | { readonly kind: "ether-multicast"; readonly token: Token }
  | { readonly kind: "ip-multicast" | "ip6-multicast" | "ip-broadcast"; readonly token: Token }
  | Relation;

/** Which of two fields must fit. */
export type Direction = "src" | "dst" | "src or dst" | "src and dst";

/** `ip`, `arp`, `ether proto 0x88cc`: an EtherType, or up to 1500 an LLC SAP (IEEE 802.2). */
export interface LinkProtocol {
  readonly kind: "link-protocol";
  readonly number: number;
  readonly token: Token;
}

/** `tcp`, `ip proto 89`: an IP protocol number, in IPv4, IPv6 or either. */
export interface IpProtocol {
  readonly kind: "ip-protocol";
  readonly number: number;
  readonly versions: readonly (4 | 6)[];
  readonly token: Token;
}

/** Any of some addresses, unsigned numbers of 32 bits without a bit outside of `mask`. */
export interface Ipv4Host {
  readonly kind: "ipv4-host";
  readonly layers: readonly ("ip" | "arp" | "rarp")[];
  readonly direction: Direction;
  readonly addresses: readonly number[];
  readonly mask: number;
  readonly token: Token;
}

/** Four words each, most significant first. */
export interface Ipv6Host {
  readonly kind: "ipv6-host";
  readonly direction: Direction;
  readonly address: readonly number[];
  readonly mask: readonly number[];
  readonly token: Token;
}

/** Any of some ranges of ports, of some transports (IP protocol numbers), over IPv4 and IPv6. */
export interface Ports {
  readonly kind: "ports";
  readonly protocols: readonly number[];
  readonly direction: Direction;
  readonly ranges: readonly PortRange[];
  readonly token: Token;
}

/** Both ends are in it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface EtherHost {
  readonly kind: "ether-host";
  readonly direction: Direction;
  /** The first two bytes, and the last four. */
  readonly high: number;
  readonly low: number;
  readonly token: Token;
}

/** What moves the place of everything behind it; `id` is -1 where any will do. */
export interface Encapsulation {
  readonly kind: "vlan" | "mpls" | "pppoes";
  readonly id: number;
  readonly token: Token;
}

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

export interface Relation {
  readonly kind: "relation";
  readonly comparison: Comparison;
  readonly left: Arithmetic;
  readonly right: Arithmetic;
}

/** Unsigned, modulo 2^32. */
export type Arithmetic =
  | NumberValue
  | { readonly kind: "length" }
  | {
      readonly kind: "operation";
      readonly operator: Operator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
    }
  | Load;

export interface NumberValue {
  readonly kind: "number";
  readonly value: number;
  /** The result of an operation, which is not in the text. */
  readonly isResult?: true;
}

export type Operator = "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<<" | ">>";

/** `ip[index:size]` */
export interface Load {
  readonly kind: "load";
  /** A protocol of `headerOf`. */
  readonly protocol: string;
  readonly index: Arithmetic;
  readonly size: 1 | 2 | 4;
  readonly token: Token;
}
