/** Operators of arithmetic: 32-bit results, precedence, what divides by zero. */
import { ExpressionError } from "./expression-error.ts";
import type { Arithmetic, Operator } from "./syntax-tree.ts";
import type { Token } from "./token.ts";

/** What an operation that has no result is: a division by zero. */
export const noNumber = -1;

/** Unsigned arithmetic modulo 2^32, as a BPF machine does it. */
export function calculate(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return (left + right) >>> 0;
    case "-":
      return (left - right) >>> 0;
    case "*":
      return Math.imul(left, right) >>> 0;
    case "/":
      return right === 0 ? noNumber : Math.floor(left / right);
    case "%":
      return right === 0 ? noNumber : left % right;
    case "&":
      return (left & right) >>> 0;
    case "|":
      return (left | right) >>> 0;
    case "^":
      return (left ^ right) >>> 0;
    case "<<":
      return right > 31 ? 0 : (left << right) >>> 0;
    case ">>":
      return right > 31 ? 0 : left >>> right;
  }
}

/**
 * An operation; of two numbers, its result. Refuses a number in the text with which it can have none;
 * where that comes out at a packet, the packet does not match.
 */
export function operation(token: Token, left: Arithmetic, right: Arithmetic): Arithmetic {
  const operator = token.text as Operator;
  if (right.kind !== "number") return { kind: "operation", operator, left, right };
  if (right.isResult !== true) checkRight(token, operator, right.value);
  const value = left.kind === "number" ? calculate(operator, left.value, right.value) : noNumber;
  if (value === noNumber) return { kind: "operation", operator, left, right };
  return { kind: "number", value, isResult: true };
}

function checkRight(token: Token, operator: Operator, right: number): void {
  if (right === 0 && (operator === "/" || operator === "%")) {
    throw new ExpressionError(token, "divides by zero");
  }
  if (right > 31 && (operator === "<<" || operator === ">>")) {
    throw new ExpressionError(token, "shifts by more than 31 bits");
  }
}

/**
 * How tightly an operator binds. `^` and `%` have no place in libpcap's order: they always bind what
 * is before them more tightly than its operator, and take all that follows. `a % b + c` is
 * `a % (b + c)`.
 */
export const rankOf: ReadonlyMap<string, number> = new Map([
  ["|", 1],
  ["&", 2],
  ["<<", 3],
  [">>", 3],
  ["+", 4],
  ["-", 4],
  ["*", 5],
  ["/", 5],
  ["^", 6],
  ["%", 6],
]);

/** Above every operator but `^` and `%`: what a minus sign takes. */
export const signRank = 6;

/** The least rank that the right side of an operator takes in. */
export function rightRankOf(operator: string): number {
  return operator === "^" || operator === "%" ? 1 : (rankOf.get(operator) ?? 0) + 1;
}
