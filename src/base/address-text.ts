/** IP addresses between their bytes and their text: dotted decimal, and RFC 5952 for IPv6. */

const groups = 8;

/** Text of the address at `at`: 4 bytes for `ipVersion` 4, 16 for 6; the caller has checked the range. */
export function addressText(bytes: Uint8Array, at: number, ipVersion: number): string {
  return ipVersion === 4 ? ipv4Text(bytes, at) : ipv6Text(bytes, at);
}

function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952 section 4; section 5 for IPv4-mapped addresses, whose last part is dotted. */
function ipv6Text(bytes: Uint8Array, at: number): string {
  if (isIpv4Mapped(bytes, at)) return `::ffff:${ipv4Text(bytes, at + 12)}`;
  // The first of the longest runs of zero groups; a single one is not shortened.
  let longest = 1;
  let longestAt = groups;
  for (let group = 0, run = 0; group < groups; group++) {
    run = uint16At(bytes, at + group * 2) === 0 ? run + 1 : 0;
    if (run > longest) {
      longest = run;
      longestAt = group + 1 - run;
    }
  }
  let text = "";
  for (let group = 0; group < groups; group++) {
    if (group === longestAt) {
      text += "::";
      group += longest - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += uint16At(bytes, at + group * 2).toString(16);
  }
  return text;
}

function isIpv4Mapped(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < 10; index++) if (bytes[at + index] !== 0) return false;
  return uint16At(bytes, at + 10) === 0xffff;
}

/**
 * The 4 or 16 bytes of an address in any form of RFC 4291 section 2.2, or undefined when `text` is
 * none. No zone, no prefix length, no octal or shortened IPv4.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".", 5);
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::", 3);
  if (halves.length > 2) return undefined;
  const isHeadLast = halves.length === 1;
  const head = parseGroups(halves[0] as string, isHeadLast);
  const tail = isHeadLast ? undefined : parseGroups(halves[1] as string, true);
  if (head === undefined || (!isHeadLast && tail === undefined)) return undefined;
  const length = head.length + (tail?.length ?? 0);
  if (isHeadLast ? length !== 16 : length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  if (tail !== undefined) bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** Bytes of groups between colons; undefined when one is no group. The address's last may be dotted. */
function parseGroups(text: string, isLast: boolean): number[] | undefined {
  const bytes: number[] = [];
  if (text === "") return bytes;
  const parts = text.split(":", groups + 1);
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >>> 8, value & 0xff);
      continue;
    }
    const dotted = isLast && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (dotted === undefined) return undefined;
    bytes.push(...dotted);
  }
  return bytes.length <= 16 ? bytes : undefined;
}

function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
