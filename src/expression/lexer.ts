/** Cuts an expression into tokens. */
import { isIPv6 } from "node:net";
import { ExpressionError } from "./expression-error.ts";
import { numberWords, otherWords, protocolWords, refusedWords } from "./keywords.ts";
import type { Token, TokenKind } from "./token.ts";

const blank = /[ \t\r\n]*/y;
const macAddress =
  /[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}|[0-9a-f]{1,2}(?:-[0-9a-f]{1,2}){5}|[0-9a-f]{1,2}(?:\.[0-9a-f]{1,2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12}/iy;
/** No IPv6 address is longer. */
const ipv6Characters = /[0-9a-f:.]{2,45}/iy;
const dotted = /[0-9]+(?:\.[0-9]+){1,3}/y;
const number = /0x[0-9a-f]+|[0-9]+/iy;
const spelled = /[0-9A-Za-z](?:[-_.0-9A-Za-z]*[.0-9A-Za-z])?/y;
const escaped = /\\[^ !()\n\t]+/y;
const symbol = /&&|\|\||[<>]=|!=|==|<<|>>|[!()[\]:<>=+\-*/%&|^]/y;

/** The one spelling of symbols and words that mean the same. */
const sameAs: ReadonlyMap<string, string> = new Map([
  ["&&", "and"],
  ["||", "or"],
  ["!", "not"],
  ["==", "="],
]);

const operators = new Set(["and", "or", "not"]);

/** Cuts an expression into tokens, an `end` last. As in libpcap the longest one wins: `80-90` is a name. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = skipBlank(text, 0); at < text.length; ) {
    const found = longestAt(text, at);
    tokens.push(toToken(found.kind, found.text, at + 1));
    at = skipBlank(text, at + found.text.length);
  }
  tokens.push({ kind: "end", text: "", character: text.length + 1, value: 0 });
  return tokens;
}

function skipBlank(text: string, at: number): number {
  return at + matchAt(blank, text, at).length;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function longestAt(text: string, at: number): { kind: TokenKind; text: string } {
  const address = matchAt(ipv6Characters, text, at);
  const candidates: [TokenKind, string][] = [
    ["mac", matchAt(macAddress, text, at)],
    ["ipv6", isIPv6(address) ? address : ""],
    ["number", matchAt(number, text, at)],
    ["ipv4", matchAt(dotted, text, at)],
    ["name", matchAt(spelled, text, at)],
    ["name", matchAt(escaped, text, at)],
    ["symbol", matchAt(symbol, text, at)],
  ];
  let [kind, longest] = candidates[0] as [TokenKind, string];
  for (const [candidate, found] of candidates) {
    if (found.length > longest.length) [kind, longest] = [candidate, found];
  }
  if (longest !== "") return { kind, text: longest };
  const character = String.fromCodePoint(text.codePointAt(at) as number);
  const token = { kind: "symbol", text: character, character: at + 1 } as const;
  throw new ExpressionError(token, "has no meaning in an expression");
}

function toToken(kind: TokenKind, text: string, character: number): Token {
  const token = { kind, text, character, value: 0 };
  if (kind === "number") return { ...token, value: numberOf(token) };
  if (kind === "symbol") return { ...token, text: sameAs.get(text) ?? text };
  if (kind !== "name") return token;
  if (text.startsWith("\\")) return { ...token, text: text.slice(1) };
  if (operators.has(text)) return { ...token, kind: "symbol" };
  const value = numberWords.get(text);
  if (value !== undefined) return { ...token, kind: "number", value };
  if (protocolWords.has(text) || otherWords.has(text)) return { ...token, kind: "word" };
  if (refusedWords.has(text)) throw new ExpressionError(token, `is not supported; ${supported}`);
  return token;
}

const supported =
  "possible: protocols (tcp, arp, …), host, net, port, portrange, proto, less, greater, broadcast, " +
  "multicast, vlan, mpls, pppoes, bytes of a header as in ip[0]";

function numberOf(token: Token): number {
  const { text } = token;
  const isOctal = /^0[0-9]/.test(text);
  if (isOctal && /[89]/.test(text)) {
    throw new ExpressionError(token, "begins with 0 and is octal: its digits are 0 to 7");
  }
  const value = isOctal ? Number.parseInt(text, 8) : Number(text);
  if (value <= 0xffff_ffff) return value;
  throw new ExpressionError(token, "is too large: a number has at most 32 bits");
}
