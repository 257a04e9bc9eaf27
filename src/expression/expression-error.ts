/** The error of a text that is no packet filter expression. */
import { WeirError } from "../base/errors.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Token } from "./token.ts";

/** A text that is no packet filter expression: which token is wrong, where, and what could stand there. */
export class ExpressionError extends WeirError {
  override readonly name = "ExpressionError";
  /** Where the token begins, counted from 1. */
  readonly character: number;

  constructor(token: Pick<Token, "text" | "character" | "kind">, problem: string) {
    const shown =
      token.kind === "end" ? "the end" : quoteText(token.text, limits.expressionShownCharsMax);
    super("bad-expression", `packet filter: ${shown} at character ${token.character} ${problem}`);
    this.character = token.character;
  }
}
