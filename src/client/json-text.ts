/** JSON that is safe on a terminal and keeps 64-bit numbers. */
import { escapeUnsafe } from "../base/safe-text.ts";

declare global {
  interface JSON {
    /** A part of a JSON text that is taken as it stands (ECMAScript, JSON.parse source text access). */
    rawJSON(text: string): unknown;
  }
}

/**
 * JSON of two spaces, without a character that a terminal would act on: they stand in texts only,
 * where `\uXXXX` means the same. 64-bit numbers have all their digits.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === "bigint" ? JSON.rawJSON(String(part)) : part),
    2,
  );
  return text.split("\n").map(escapeUnsafe).join("\n");
}
