/** Parser of primitives that are a word, or a word and a number. */
import { ExpressionError } from "./expression-error.ts";
import { linkProtocolNames } from "./protocol-names.ts";
import type { Comparison, Encapsulation, Expression } from "./syntax-tree.ts";
import type { Token } from "./token.ts";
import type { TokenReader } from "./token-reader.ts";

/** Primitives that are one word, or a word and a number. */

const ipProtocols: Readonly<Record<string, { number: number; versions: readonly (4 | 6)[] }>> = {
  tcp: { number: 6, versions: [4, 6] },
  udp: { number: 17, versions: [4, 6] },
  sctp: { number: 132, versions: [4, 6] },
  ah: { number: 51, versions: [4, 6] },
  esp: { number: 50, versions: [4, 6] },
  pim: { number: 103, versions: [4, 6] },
  icmp: { number: 1, versions: [4] },
  igmp: { number: 2, versions: [4] },
  igrp: { number: 9, versions: [4] },
  vrrp: { number: 112, versions: [4] },
  carp: { number: 112, versions: [4] },
  icmp6: { number: 58, versions: [6] },
};

/** A protocol's name that stands alone: `protocol` is a value of `protocolWords`. */
export function abbreviation(protocol: string, token: Token): Expression {
  const ip = ipProtocols[protocol];
  if (ip !== undefined) return { kind: "ip-protocol", ...ip, token };
  const number = linkProtocolNames.get(protocol);
  if (number !== undefined) return { kind: "link-protocol", number, token };
  throw new ExpressionError(
    token,
    `is not a test by itself; possible: ${token.text} host, ${token.text} proto, ${token.text}[0] = 1`,
  );
}

/** `broadcast` and `multicast` behind a protocol or alone; `protocol` is a value of `protocolWords` or "". */
export function group(protocol: string, token: Token): Expression {
  const isBroadcast = token.text === "broadcast";
  switch (protocol) {
    case "":
    case "link":
      if (!isBroadcast) return { kind: "ether-multicast", token };
      return { kind: "ether-host", direction: "dst", high: 0xffff, low: 0xffff_ffff, token };
    case "ip":
      return { kind: isBroadcast ? "ip-broadcast" : "ip-multicast", token };
    case "ip6":
      if (!isBroadcast) return { kind: "ip6-multicast", token };
  }
  const possible = isBroadcast ? "ether and ip" : "ether, ip and ip6";
  throw new ExpressionError(token, `cannot follow ${protocol}; it can follow ${possible}`);
}

/** `less N`, `vlan [N]` and the like; undefined where none is, and nothing is read. */
export function parseSpecial(reader: TokenReader): Expression | undefined {
  const token = reader.peek();
  switch (token.text) {
    case "less":
    case "greater":
      reader.take();
      return lengthTest(token.text === "less" ? "<=" : ">=", reader.take());
    case "pppoed":
      reader.take();
      return { kind: "link-protocol", number: 0x8863, token };
    case "vlan":
    case "mpls":
    case "pppoes":
      reader.take();
      return encapsulation(token.text, token, parseId(reader));
  }
  return undefined;
}

function lengthTest(comparison: Comparison, token: Token): Expression {
  if (token.kind !== "number") {
    throw new ExpressionError(token, "is unexpected here; possible: a number of bytes");
  }
  const right = { kind: "number", value: token.value } as const;
  return { kind: "relation", comparison, left: { kind: "length" }, right };
}

const idsMax = { vlan: 0xfff, mpls: 0xf_ffff, pppoes: 0xffff };

function encapsulation(kind: Encapsulation["kind"], token: Token, id?: Token): Encapsulation {
  if (id !== undefined && id.value > idsMax[kind]) {
    throw new ExpressionError(id, `is too large for ${kind}: the most is ${idsMax[kind]}`);
  }
  return { kind, id: id?.value ?? -1, token };
}

/** A number, which may be in parentheses; nothing is read where there is none. */
function parseId(reader: TokenReader): Token | undefined {
  let opened = 0;
  while (reader.isAt("(", opened)) opened++;
  if (reader.peek(opened).kind !== "number") return undefined;
  for (let count = 0; count < opened; count++) reader.take();
  const token = reader.take();
  for (let count = 0; count < opened; count++) reader.expect(")", ")");
  return token;
}
