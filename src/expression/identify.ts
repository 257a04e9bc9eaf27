/** Finds the primitive that an address, name or number stands for. */
import { hintOf, nearestName } from "../config/nearest-name.ts";
import { maskOf, parseDotted, parseIpv6, parseMac } from "./address.ts";
import { ExpressionError } from "./expression-error.ts";
import { ipProtocolNames, linkProtocolNames } from "./protocol-names.ts";
import type { Qualifiers } from "./qualifiers.ts";
import { portProtocols, services } from "./service-names.ts";
import type { Ipv4Host, Primitive } from "./syntax-tree.ts";
import type { Token } from "./token.ts";

/** A token in the place of an id, with the qualifiers that hold for it: the primitive it stands for. */
export function identify(qualifiers: Qualifiers, token: Token): Primitive {
  switch (qualifiers.type) {
    case "port":
      return port(qualifiers, token);
    case "portrange":
      return portRange(qualifiers, token);
    case "proto":
      return protocol(qualifiers, token);
    case "host":
    case "net":
      return address(qualifiers, token);
  }
}

/** `net 10.0.0.0/8`, `net 10.1/16`, `net 2001:db8::/32` */
export function identifyNet(qualifiers: Qualifiers, token: Token, bits: Token): Primitive {
  if (token.kind === "ipv6") {
    if (bits.value > 128) throw new ExpressionError(bits, "is not a prefix length (0 to 128)");
    const mask = [0, 32, 64, 96].map((before) => maskOf(bits.value - before));
    if (qualifiers.type !== "net" && bits.value !== 128) throw notNet(token);
    return ipv6Host(qualifiers, token, mask);
  }
  if (qualifiers.type !== "net") throw notNet(token);
  if (bits.value > 32) throw new ExpressionError(bits, "is not a prefix length (0 to 32)");
  return ipv4Host(qualifiers, token, dottedOf(token).address, maskOf(bits.value));
}

/** `net 10.0.0.0 mask 255.0.0.0` */
export function identifyMasked(qualifiers: Qualifiers, token: Token, mask: Token): Primitive {
  if (qualifiers.type !== "net") throw notNet(token);
  return ipv4Host(qualifiers, token, dottedOf(token).address, dottedOf(mask).address);
}

function notNet(token: Token): ExpressionError {
  return new ExpressionError(token, "has a mask: write net before it");
}

function address(qualifiers: Qualifiers, token: Token): Primitive {
  switch (token.kind) {
    case "ipv4": {
      const { address: number, bits } = dottedOf(token);
      return ipv4Host(qualifiers, token, number, maskOf(bits));
    }
    case "ipv6":
      return ipv6Host(
        qualifiers,
        token,
        [0, 1, 2, 3].map(() => maskOf(32)),
      );
    case "mac":
      return etherHost(qualifiers, token);
    case "number":
      return numberedHost(qualifiers, token);
    default:
      throw new ExpressionError(
        token,
        "is not an address, and names are not looked up; possible: an address such as 192.0.2.1, " +
          "2001:db8::1 or, after ether, 00:00:5e:00:53:01",
      );
  }
}

/** `net 10` is 10.0.0.0/8; without `net` a number is the whole address. */
function numberedHost(qualifiers: Qualifiers, token: Token): Primitive {
  let [number, mask] = [token.value, 0xffff_ffff];
  while (qualifiers.type === "net" && number !== 0 && number <= 0x00ff_ffff) {
    number *= 256;
    mask = (mask << 8) >>> 0;
  }
  return ipv4Host(qualifiers, token, number, mask);
}

const ipv4Layers: Readonly<Record<string, Ipv4Host["layers"]>> = {
  "": ["ip", "arp", "rarp"],
  ip: ["ip"],
  arp: ["arp"],
  rarp: ["rarp"],
};

function ipv4Host(qualifiers: Qualifiers, token: Token, number: number, mask: number): Primitive {
  const layers = ipv4Layers[qualifiers.protocol];
  if (layers === undefined) {
    throw new ExpressionError(
      token,
      `cannot follow ${shown(qualifiers)}: an IPv4 address can follow ip, arp, rarp or no protocol`,
    );
  }
  if ((number & ~mask) !== 0) {
    throw new ExpressionError(token, "has bits set outside of its mask");
  }
  const { direction } = qualifiers;
  return { kind: "ipv4-host", layers, direction, addresses: [number], mask, token };
}

function ipv6Host(qualifiers: Qualifiers, token: Token, mask: number[]): Primitive {
  if (qualifiers.protocol !== "" && qualifiers.protocol !== "ip6") {
    throw new ExpressionError(
      token,
      `cannot follow ${shown(qualifiers)}: an IPv6 address can follow ip6 or no protocol`,
    );
  }
  const words = parseIpv6(token.text);
  if (words.some((word, index) => (word & ~(mask[index] ?? 0)) !== 0)) {
    throw new ExpressionError(token, "has bits set outside of its mask");
  }
  return { kind: "ipv6-host", direction: qualifiers.direction, address: words, mask, token };
}

function etherHost(qualifiers: Qualifiers, token: Token): Primitive {
  if (qualifiers.protocol !== "link" || qualifiers.type !== "host") {
    throw new ExpressionError(token, "is an Ethernet address: write ether host before it");
  }
  return { kind: "ether-host", direction: qualifiers.direction, ...parseMac(token.text), token };
}

function dottedOf(token: Token): { address: number; bits: number } {
  const dotted = parseDotted(token.text);
  if (dotted === undefined) {
    throw new ExpressionError(token, "is not an IPv4 address: its parts are 0 to 255");
  }
  return dotted;
}

const transports: Readonly<Record<string, readonly number[]>> = {
  "": portProtocols,
  tcp: [6],
  udp: [17],
  sctp: [132],
};

function port(qualifiers: Qualifiers, token: Token): Primitive {
  const { port: number, protocols } = portOf(token, token.text, transportsOf(qualifiers, token));
  return ports(qualifiers, token, protocols, number, number);
}

/** `portrange 5060-5090`, `portrange 80`; either end may be a name. */
function portRange(qualifiers: Qualifiers, token: Token): Primitive {
  const allowed = transportsOf(qualifiers, token);
  const [first, last, ...more] = token.text.split("-");
  if (first === undefined || last === undefined || more.length > 0) return port(qualifiers, token);
  const low = portOf(token, first, allowed);
  const high = portOf(token, last, allowed);
  const isSame = low.protocols.join() === high.protocols.join();
  const protocols = isSame ? low.protocols : allowed;
  return ports(
    qualifiers,
    token,
    protocols,
    Math.min(low.port, high.port),
    Math.max(low.port, high.port),
  );
}

function ports(
  { direction }: Qualifiers,
  token: Token,
  protocols: readonly number[],
  first: number,
  last: number,
): Primitive {
  return { kind: "ports", protocols, direction, ranges: [{ first, last }], token };
}

function transportsOf(qualifiers: Qualifiers, token: Token): readonly number[] {
  const allowed = transports[qualifiers.protocol];
  if (allowed !== undefined) return allowed;
  throw new ExpressionError(
    token,
    `cannot be a port of ${shown(qualifiers)}; a port can follow tcp, udp, sctp or no protocol`,
  );
}

/** A port by number or name; a name stands for the transports that it has and the expression allows. */
function portOf(
  token: Token,
  text: string,
  allowed: readonly number[],
): { port: number; protocols: readonly number[] } {
  if (token.kind === "number" || /^[0-9]+$/.test(text)) {
    const number = token.kind === "number" ? token.value : Number(text);
    if (number > 65_535) throw new ExpressionError(token, "is not a port (0 to 65535)");
    return { port: number, protocols: allowed };
  }
  const service = services.get(text);
  if (service === undefined) {
    const hint = hintOf(nearestName(text, services.keys()));
    throw new ExpressionError(token, `is not a known port name: give the number${hint}`);
  }
  const protocols = allowed.filter((protocol) => service.protocols.includes(protocol));
  if (protocols.length > 0) return { port: service.port, protocols };
  throw new ExpressionError(token, "is a port of another transport: give the number");
}

function protocol(qualifiers: Qualifiers, token: Token): Primitive {
  const isLink = qualifiers.protocol === "link";
  const names = isLink ? linkProtocolNames : ipProtocolNames;
  const number = token.kind === "number" ? token.value : names.get(token.text);
  if (number === undefined) {
    const hint = hintOf(nearestName(token.text, names.keys()));
    throw new ExpressionError(token, `is not a known protocol name: give the number${hint}`);
  }
  if (isLink) return { kind: "link-protocol", number, token };
  switch (qualifiers.protocol) {
    case "":
      return { kind: "ip-protocol", number, versions: [4, 6], token };
    case "ip":
      return { kind: "ip-protocol", number, versions: [4], token };
    case "ip6":
      return { kind: "ip-protocol", number, versions: [6], token };
    default:
      throw new ExpressionError(
        token,
        `cannot follow ${shown(qualifiers)}; possible: ip proto, ip6 proto, ether proto`,
      );
  }
}

function shown(qualifiers: Qualifiers): string {
  return qualifiers.protocol === "link" ? "ether" : qualifiers.protocol;
}
