/** What one token of an expression can be; `word` is a keyword, `name` anything else that is spelled. */
export type TokenKind = "word" | "name" | "number" | "ipv4" | "ipv6" | "mac" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; `and`, `or`, `not` and `=` also for `&&`, `||`, `!` and `==`; a name without its `\`. */
  readonly text: string;
  /** Where it begins, counted from 1. */
  readonly character: number;
  /** Of a number, from 0 to 2^32 - 1; otherwise 0. */
  readonly value: number;
}
