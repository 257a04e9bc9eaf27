/** Parser of arithmetic in expressions, by precedence. */
import { operation, rankOf, rightRankOf, signRank } from "./arithmetic.ts";
import { ExpressionError } from "./expression-error.ts";
import { headerOf } from "./header.ts";
import { protocolWords } from "./keywords.ts";
import type { Arithmetic } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

const possible = "a number, len, bytes of a header as in ip[0]";

/** Modulo 2^32. A sign is a product, as of an operation the left side is what has its headers tested. */
const minusOne = 0xffff_ffff;

/** Whether arithmetic begins here and nothing else can: not so for `(`, or for a number alone. */
export function isArithmetic(reader: TokenReader): boolean {
  if (reader.isAt("-") || reader.isAt("len") || reader.isAt("length")) return true;
  return protocolWords.has(reader.peek().text) && reader.isAt("[", 1);
}

/** Whether the token to be read goes on with the number before it. */
export function isOperator(reader: TokenReader): boolean {
  const { kind, text } = reader.peek();
  return kind === "symbol" && rankOf.has(text);
}

export function parseArithmetic(reader: TokenReader): Arithmetic {
  return parseOperations(reader, parseValue(reader), 1);
}

/** The operators behind `first` of at least this rank, with what they take. */
export function parseOperations(
  reader: TokenReader,
  first: Arithmetic,
  rankMin: number,
): Arithmetic {
  let left = first;
  while (isOperator(reader) && (rankOf.get(reader.peek().text) ?? 0) >= rankMin) {
    const token = reader.take();
    const right = reader.nested(() => {
      return parseOperations(reader, parseValue(reader), rightRankOf(token.text));
    });
    reader.countPart();
    left = operation(token, left, right);
  }
  return left;
}

/** A number, `len`, a load, a sign or a parenthesis with what belongs to it. */
export function parseValue(reader: TokenReader): Arithmetic {
  const token = reader.peek();
  if (token.kind === "number") {
    reader.take();
    return { kind: "number", value: token.value };
  }
  if (reader.skip("len") || reader.skip("length")) return { kind: "length" };
  if (reader.skip("-")) {
    const value = reader.nested(() => parseOperations(reader, parseValue(reader), signRank));
    reader.countPart();
    return operation({ ...token, text: "*" }, value, { kind: "number", value: minusOne });
  }
  if (reader.skip("(")) {
    const value = reader.nested(() => parseArithmetic(reader));
    reader.expect(")", "an operator, )");
    return value;
  }
  if (isArithmetic(reader)) return parseLoad(reader);
  const isJoined = token.kind === "name" && /^[0-9]+-/.test(token.text);
  throw reader.unexpected(isJoined ? `${possible}; write a blank before a minus sign` : possible);
}

function parseLoad(reader: TokenReader): Arithmetic {
  const token = reader.take();
  const protocol = protocolWords.get(token.text) ?? "";
  if (headerOf(protocol) === undefined) {
    throw new ExpressionError(token, "has no header whose bytes can be tested");
  }
  reader.expect("[", "[");
  const index = reader.nested(() => parseArithmetic(reader));
  const size = reader.skip(":") ? parseSize(reader) : 1;
  reader.expect("]", "an operator, :SIZE, ]");
  reader.countPart();
  return { kind: "load", protocol, index, size, token };
}

function parseSize(reader: TokenReader): 1 | 2 | 4 {
  const token = reader.take();
  const { value } = token;
  if (token.kind === "number" && (value === 1 || value === 2 || value === 4)) return value;
  throw new ExpressionError(token, "is not a field size (1, 2 or 4)");
}
