/** Addresses as written, to unsigned numbers of 32 bits. The lexer has checked their shape. */

/** A dotted number of one to four parts, most significant first: `10.1` is 10.1.0.0 with `bits` 16. */
export interface DottedNumber {
  readonly address: number;
  readonly bits: number;
}

/** Undefined when a part is above 255. */
export function parseDotted(text: string): DottedNumber | undefined {
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  const bytes = [...parts, 0, 0, 0].slice(0, 4);
  return { address: wordOf(bytes), bits: parts.length * 8 };
}

/** The four words of a valid IPv6 address without zone (RFC 4291 section 2.2). */
export function parseIpv6(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const first = groupsOf(head);
  const last = groupsOf(tail ?? "");
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  const groups = [...first, ...zeros, ...last];
  return [0, 2, 4, 6].map((at) => (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0);
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const address = parseDotted(group)?.address ?? 0;
    return [address >>> 16, address & 0xffff];
  });
}

/** An Ethernet address: its first two bytes, and its last four. */
export function parseMac(text: string): { high: number; low: number } {
  const groups = text.split(/[:.-]/);
  const isBytes = groups.length === 6;
  const hex = isBytes ? groups.map((group) => group.padStart(2, "0")).join("") : groups.join("");
  return { high: Number.parseInt(hex.slice(0, 4), 16), low: Number.parseInt(hex.slice(4), 16) };
}

/** The first `bits` of a word set: 0 to 32. */
export function maskOf(bits: number): number {
  return bits <= 0 ? 0 : (0xffff_ffff << (32 - Math.min(bits, 32))) >>> 0;
}

function wordOf(bytes: readonly number[]): number {
  return bytes.reduce((word, byte) => word * 256 + byte, 0);
}
