/** Parser of expressions: `and`, `or`, `not`, parentheses, comparisons. */
import { hintOf } from "../config/nearest-name.ts";
import {
  isArithmetic,
  isOperator,
  parseArithmetic,
  parseOperations,
  parseValue,
} from "./arithmetic-parser.ts";
import { ExpressionError } from "./expression-error.ts";
import { identify, identifyMasked, identifyNet } from "./identify.ts";
import { nearestWord, protocolWords } from "./keywords.ts";
import { abbreviation, group, parseSpecial } from "./primitives.ts";
import { parseQualifiers, possibleIds, type Qualifiers } from "./qualifiers.ts";
import type { Arithmetic, Comparison, Expression } from "./syntax-tree.ts";
import type { Token } from "./token.ts";
import { TokenReader } from "./token-reader.ts";

/** What was read: a condition, or a number that may still become an id or one side of a comparison. */
type Parsed =
  | {
      readonly kind: "condition";
      readonly node: Expression;
      /** What an id behind `and` or `or` takes over. */
      readonly qualifiers: Qualifiers | undefined;
      /** It is an id, whose qualifiers stand before it. */
      readonly isId: boolean;
    }
  | { readonly kind: "number"; readonly value: Arithmetic; readonly token: Token };

type Condition = Extract<Parsed, { kind: "condition" }>;

/** What may stand somewhere: a whole test, an id whose qualifiers are known already, or either. */
type Place = "test" | "id" | "either";

const possibleTests =
  "a protocol (tcp, arp, …), src, dst, host, net, port, portrange, proto, less, greater, vlan, mpls, " +
  "pppoes, broadcast, multicast, a comparison as in ip[0] > 5, not, (";
const possibleNext = "and, or, the end";
const comparisons: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);

/**
 * Parses the grammar of libpcap (pcap-filter(7)): `and` and `or` bind alike, from left to right; an
 * id without qualifiers takes over those of the test before it, which a parenthesis does not hand out.
 * Throws ExpressionError. The text must have something besides blanks.
 */
export function parseExpression(text: string): Expression {
  return new Parser(new TokenReader(text)).parseAll();
}

class Parser {
  private readonly reader: TokenReader;

  constructor(reader: TokenReader) {
    this.reader = reader;
  }

  parseAll(): Expression {
    const reader = this.reader;
    const first = this.settle(this.operand("test", undefined), "test", undefined);
    const all = this.chain(first, false);
    if (reader.peek().kind !== "end") throw reader.unexpected(possibleNext);
    return all.node;
  }

  /** Everything behind `first` that `and` and `or` join to it. */
  private chain(first: Condition, isIds: boolean): Condition {
    const reader = this.reader;
    let left = first;
    while (reader.isAt("and") || reader.isAt("or")) {
      const kind = reader.take().text === "and" ? "and" : "or";
      const place = isIds ? "id" : "either";
      const right = this.settle(this.operand(place, left.qualifiers), place, left.qualifiers);
      left = { ...right, node: { kind, left: left.node, right: right.node } };
    }
    return left;
  }

  private operand(place: Place, qualifiers: Qualifiers | undefined): Parsed {
    const reader = this.reader;
    if (reader.skip("not")) {
      const inner = reader.nested(() => {
        return this.settle(this.operand(place, qualifiers), place, qualifiers);
      });
      return { ...inner, node: { kind: "not", inner: inner.node } };
    }
    if (reader.isAt("(")) return reader.nested(() => this.parenthesis(place, qualifiers));
    const token = reader.peek();
    if (token.kind === "number" || (place !== "id" && isArithmetic(reader))) {
      return this.comparison({ kind: "number", value: parseValue(reader), token }, place);
    }
    if (token.kind === "word" && place !== "id") return this.test();
    return this.id(place, qualifiers);
  }

  /** A parenthesis of tests, of ids, or of arithmetic. */
  private parenthesis(place: Place, qualifiers: Qualifiers | undefined): Parsed {
    const reader = this.reader;
    reader.take();
    const inside = place === "id" ? "id" : "either";
    const first = this.operand(inside, qualifiers);
    if (first.kind === "number" && reader.skip(")")) return this.comparison(first, place);
    const settled = this.settle(first, inside, qualifiers);
    const all = this.chain(settled, settled.isId);
    reader.expect(")", "and, or, )");
    return { ...all, qualifiers, isId: settled.isId };
  }

  /** What follows a number: operators, and a comparison, which makes it a test. */
  private comparison(first: Extract<Parsed, { kind: "number" }>, place: Place): Parsed {
    const reader = this.reader;
    if (place === "id") return first;
    const left = parseOperations(reader, first.value, 1);
    const { kind, text } = reader.peek();
    if (kind !== "symbol" || !comparisons.has(text)) return { ...first, value: left };
    reader.take();
    const right = parseArithmetic(reader);
    reader.countPart();
    const node = { kind: "relation", comparison: text as Comparison, left, right } as const;
    return { kind: "condition", node, qualifiers: undefined, isId: false };
  }

  /** Makes a condition of a number where an id may stand. */
  private settle(parsed: Parsed, place: Place, qualifiers: Qualifiers | undefined): Condition {
    if (parsed.kind === "condition") return parsed;
    const { value, token } = parsed;
    if (value.kind !== "number" || value.isResult === true || isOperator(this.reader)) {
      throw this.reader.unexpected("an operator, a comparison (=, !=, <, <=, >, >=)");
    }
    if (place === "test" || qualifiers === undefined) throw unqualified(token);
    this.reader.countPart();
    const number: Token = { ...token, kind: "number", value: value.value };
    return { kind: "condition", node: identify(qualifiers, number), qualifiers, isId: true };
  }

  /** An address, port or protocol, to which `qualifiers` belong. */
  private id(place: Place, qualifiers: Qualifiers | undefined): Condition {
    const reader = this.reader;
    const isId = ["name", "ipv4", "ipv6", "mac"].includes(reader.peek().kind);
    if (!isId) throw reader.unexpected(place === "id" ? possibleIds(qualifiers) : possibleTests);
    if (place === "test" || qualifiers === undefined) throw unqualified(reader.peek());
    const token = reader.take();
    reader.countPart();
    const node = this.identify(qualifiers, token);
    return { kind: "condition", node, qualifiers, isId: true };
  }

  private identify(qualifiers: Qualifiers, token: Token): Expression {
    const reader = this.reader;
    const isNumber = token.kind === "ipv4" || token.kind === "ipv6";
    if (isNumber && reader.skip("/")) {
      const bits = reader.take();
      if (bits.kind === "number") return identifyNet(qualifiers, token, bits);
      throw new ExpressionError(bits, "is unexpected here; possible: a prefix length");
    }
    if (token.kind === "ipv4" && reader.skip("mask")) {
      const mask = reader.take();
      if (mask.kind === "ipv4") return identifyMasked(qualifiers, token, mask);
      throw new ExpressionError(mask, "is unexpected here; possible: a mask as in 255.255.0.0");
    }
    return identify(qualifiers, token);
  }

  /** A test that begins with a keyword. */
  private test(): Parsed {
    const reader = this.reader;
    const token = reader.peek();
    const protocol = protocolWords.get(token.text);
    if (protocol !== undefined) reader.take();
    const next = reader.peek();
    if (next.kind === "word") {
      switch (next.text) {
        case "src":
        case "dst":
        case "host":
        case "net":
        case "port":
        case "portrange":
        case "proto":
          return this.qualified(protocol ?? "");
        case "broadcast":
        case "multicast":
          reader.take();
          return this.finished(group(protocol ?? "", next));
      }
    }
    if (protocol !== undefined) return this.finished(abbreviation(protocol, token));
    return this.special();
  }

  private special(): Condition {
    const reader = this.reader;
    const node = parseSpecial(reader);
    if (node === undefined) throw reader.unexpected(possibleTests);
    return this.finished(node);
  }

  private finished(node: Expression): Condition {
    this.reader.countPart();
    return { kind: "condition", node, qualifiers: undefined, isId: false };
  }

  /** `[src|dst|…] [host|net|port|portrange]` or `proto`, and the ids behind them. */
  private qualified(protocol: string): Condition {
    const qualifiers = parseQualifiers(this.reader, protocol);
    const ids = this.settle(this.operand("id", qualifiers), "id", qualifiers);
    return { ...ids, isId: false };
  }
}

/** An address, port or name where nothing says which of them it is; or a word that is misspelled. */
function unqualified(token: Token): ExpressionError {
  const hint = token.kind === "name" ? hintOf(nearestWord(token.text)) : "";
  return new ExpressionError(token, `needs a word before it, such as host, net or port${hint}`);
}
