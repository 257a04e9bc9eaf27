/** Parser of qualifiers: `tcp dst port`. */
import type { Direction } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

/** What stands before an address, a port or a protocol, and is carried over to the next one: `tcp dst port`. */
export interface Qualifiers {
  /** A value of `protocolWords`, or "" for all that fit. */
  readonly protocol: string;
  readonly direction: Direction;
  readonly type: "host" | "net" | "port" | "portrange" | "proto";
}

/** `[src|dst|src or dst|…] [host|net|port|portrange]`, or `proto`. */
export function parseQualifiers(reader: TokenReader, protocol: string): Qualifiers {
  const direction = parseDirection(reader);
  for (const type of ["host", "net", "port", "portrange", "proto"] as const) {
    if (type === "proto" && direction !== undefined) break;
    if (reader.skip(type)) return { protocol, direction: direction ?? "src or dst", type };
  }
  return { protocol, direction: direction ?? "src or dst", type: "host" };
}

function parseDirection(reader: TokenReader): Direction | undefined {
  if (!reader.isAt("src") && !reader.isAt("dst")) return undefined;
  const first = reader.take().text as "src" | "dst";
  if (!reader.isAt("or") && !reader.isAt("and")) return first;
  const joint = reader.take().text;
  const other = first === "src" ? "dst" : "src";
  reader.expect(other, `${first} ${joint} ${other}, or an address after ${first}`);
  return joint === "or" ? "src or dst" : "src and dst";
}

/** What can be behind qualifiers. */
export function possibleIds(qualifiers: Qualifiers | undefined): string {
  switch (qualifiers?.type) {
    case "port":
      return "a port by number or name";
    case "portrange":
      return "a range of ports as in 5060-5090";
    case "proto":
      return "a protocol by number, or by name with a backslash as in \\tcp";
    default:
      return "an address, or host, net, port or portrange with its value";
  }
}
