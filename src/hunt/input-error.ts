/** What is wrong with the input, before its format is known. */
import { WeirError } from "../base/errors.ts";

/** The input cannot be opened or read. */
export class InputError extends WeirError {
  override readonly name = "InputError";

  constructor(message: string, cause?: unknown) {
    super("no-input", message, { cause });
  }
}
