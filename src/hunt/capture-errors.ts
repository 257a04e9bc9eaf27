/** Errors of a capture that cannot be opened or read. */
import { WeirError } from "../base/errors.ts";

/** The input cannot be opened or read. */
export class InputError extends WeirError {
  override readonly name = "InputError";

  constructor(message: string, cause?: unknown) {
    super("no-input", message, { cause });
  }
}

/** The input is not a capture, or is damaged at `offset` bytes from its start. */
export class CaptureError extends WeirError {
  override readonly name = "CaptureError";
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super("bad-capture", reason);
    this.offset = offset;
  }
}
