/** What every service asks of names and texts that it keeps or answers with. */
import { Code, ConnectError } from "@connectrpc/connect";
import { escapeUnsafe } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";

/** Unicode Cc, and halves of surrogate pairs, which no UTF-8 has. */
const unfit = /\p{Cc}|\p{Surrogate}/u;

/** Throws INVALID_ARGUMENT unless `id`, the value of `field`, can name a hunter or a processor. */
export function checkId(field: string, id: string): void {
  if (id === "") throw new ConnectError(`${field} is empty`, Code.InvalidArgument);
  const bytes = Buffer.byteLength(id, "utf8");
  if (bytes > limits.hunterIdBytesMax) {
    throw new ConnectError(
      `${field} is ${bytes} bytes long; the most is ${limits.hunterIdBytesMax}`,
      Code.InvalidArgument,
    );
  }
  if (unfit.test(id)) {
    throw new ConnectError(`${field} has control characters`, Code.InvalidArgument);
  }
}

/**
 * Texts as they may be kept and shown on a terminal: unsafe characters become `\uXXXX`. Throws
 * INVALID_ARGUMENT, naming them as `what`, when together they are longer than a registration may be.
 */
export function cleanTexts(what: string, texts: readonly string[]): string[] {
  const clean = texts.map(escapeUnsafe);
  let bytes = 0;
  // Each counts for more than its characters: empty names take memory, too.
  for (const text of clean) bytes += Buffer.byteLength(text, "utf8") + 8;
  if (bytes <= limits.registrationBytesMax) return clean;
  throw new ConnectError(
    `${what} are too long: at most ${limits.registrationBytesMax} bytes`,
    Code.InvalidArgument,
  );
}
