/** Reads the tokens of an expression in order. */
import { limits } from "../config/limits.ts";
import { ExpressionError } from "./expression-error.ts";
import { tokenize } from "./lexer.ts";
import type { Token } from "./token.ts";

/** The tokens of an expression one after the other, and how much has been made of them. */
export class TokenReader {
  private readonly tokens: readonly Token[];
  private next = 0;
  private depth = 0;
  private parts = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  /** The token that is to be read, or one of those behind it. */
  peek(ahead = 0): Token {
    const last = this.tokens.length - 1;
    return this.tokens[Math.min(this.next + ahead, last)] as Token;
  }

  take(): Token {
    const token = this.peek();
    this.next++;
    return token;
  }

  /** Whether the token to be read is this symbol or keyword. */
  isAt(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === "symbol" || token.kind === "word") && token.text === text;
  }

  /** Reads on if the token is this symbol or keyword. */
  skip(text: string): boolean {
    const isThere = this.isAt(text);
    if (isThere) this.next++;
    return isThere;
  }

  /** Reads this symbol; anything else is refused, and `possible` says what else could stand there. */
  expect(text: string, possible: string): void {
    if (!this.skip(text)) throw this.unexpected(possible);
  }

  unexpected(possible: string): ExpressionError {
    return new ExpressionError(this.peek(), `is unexpected here; possible: ${possible}`);
  }

  /** Runs `parse` one level deeper: what nests is bounded, so that no text exhausts the stack. */
  nested<Result>(parse: () => Result): Result {
    if (this.depth >= limits.expressionDepthMax) {
      throw new ExpressionError(
        this.peek(),
        `is nested too deeply: at most ${limits.expressionDepthMax} levels are allowed`,
      );
    }
    this.depth++;
    const result = parse();
    this.depth--;
    return result;
  }

  /** Counts one id, test or operation. */
  countPart(): void {
    this.parts++;
    if (this.parts <= limits.expressionPartsMax) return;
    throw new ExpressionError(
      this.peek(),
      `is too much: at most ${limits.expressionPartsMax} ids, tests and operations are allowed`,
    );
  }
}
