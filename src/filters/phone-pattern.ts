/**
 * The form of a phone number in which hunters compare (docs/wire.md#patterns): digits alone, without
 * scheme, domain, parameters and international prefix, with the wildcards at its ends kept. What has
 * no digits stays as it is.
 */
export function normalizePhonePattern(pattern: string): string {
  const text = pattern.trim();
  const leading = text.startsWith("*") ? "*" : "";
  const trailing = text.length > 1 && text.endsWith("*") && !text.endsWith("\\*") ? "*" : "";
  const number = text
    .replace(/^\*/, "")
    .replace(/^(?:tel|sips?):/i, "")
    .replace(/[@;].*$/s, "");
  const digits = number.replaceAll(/[^0-9]/g, "").replace(/^(?:011|00)(?=[0-9])/, "");
  return digits === "" ? pattern : leading + digits + trailing;
}
