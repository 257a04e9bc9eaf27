/** What is wrong with a capture file, and where. */
import { WeirError } from "../base/errors.ts";

/** The input is not a capture, or is damaged at `offset` bytes from its start. */
export class CaptureError extends WeirError {
  override readonly name = "CaptureError";
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super("bad-capture", reason);
    this.offset = offset;
  }
}
