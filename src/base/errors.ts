/**
 * The one parent of every operating error.
 *
 * `code` is a literal of the room that throws it, in lower case with dashes (`port-in-use`).
 * `retryable` says whether the same call may succeed later without a change by the caller.
 * The message names the thing and the way out, in one line, for a person.
 */
export class WeirError extends Error {
  override readonly name: string = "WeirError";
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: WeirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

export interface WeirErrorOptions {
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Text of any thrown value, in one line. */
export function errorText(value: unknown): string {
  const text = value instanceof Error ? value.message : String(value);
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** The system error code (`ENOSPC`, `EADDRINUSE`, …) of a thrown value, or "" when it has none. */
export function systemCode(value: unknown): string {
  if (typeof value !== "object" || value === null || !("code" in value)) return "";
  return typeof value.code === "string" ? value.code : "";
}
