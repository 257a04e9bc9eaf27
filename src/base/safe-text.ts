/**
 * What must not reach a terminal or start a line of its own: C0, DEL and C1 controls, line and
 * paragraph separators, marks that are invisible or turn the direction of text (Unicode TR 36,
 * 2.1 and 3.1), and halves of surrogate pairs.
 */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;

/** `text` with every unsafe character written as `\uXXXX`, which is also right inside JSON. */
export function escapeUnsafe(text: string): string {
  return text.replaceAll(unsafe, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** `text` with U+FFFD in place of every unsafe character. */
export function replaceUnsafe(text: string): string {
  return text.replaceAll(unsafe, "\ufffd");
}

/** `escapeUnsafe`, so that texts that differ still differ: a backslash that seems to escape is escaped. */
export function escapeUnsafeDistinctly(text: string): string {
  return escapeUnsafe(text.replaceAll(/\\(?=u[0-9a-f]{4})/g, "\\u005c"));
}

/** `text` of at most `charsMax` UTF-16 units, with `…` in place of what was cut off. */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const last = text.charCodeAt(charsMax - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, splitsPair ? charsMax - 1 : charsMax)}…`;
}

/** A foreign value or a message for a person to read: cut, and safe for a terminal. */
export function safeText(text: string, charsMax: number): string {
  return escapeUnsafe(cutText(text, charsMax));
}

/** The same as `safeText`, in double quotes, with what stands inside them escaped. */
export function quoteText(text: string, charsMax: number): string {
  return escapeUnsafe(JSON.stringify(cutText(text, charsMax)));
}
