/** The tables of HPACK: static (RFC 7541 Appendix A) and dynamic (section 2.3), under one index. */

/** Name, value: index 1 to 61. */
const staticEntries: readonly (readonly [string, string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];
export const staticCount: number = staticEntries.length;
/** What an entry counts for beside its characters (RFC 7541 section 4.1). */
export const entryOverheadBytes = 32;

const fullMatches = new Map<string, number>();
const nameMatches = new Map<string, number>();
for (const [at, [name, value]] of staticEntries.entries()) {
  if (!nameMatches.has(name)) nameMatches.set(name, at + 1);
  if (value !== "") fullMatches.set(`${name}\0${value}`, at + 1);
}

/** Index of that field in the static table, 0 when it is not there. */
export function staticIndexOf(name: string, value: string): number {
  return fullMatches.get(`${name}\0${value}`) ?? 0;
}

export function staticIndexOfName(name: string): number {
  return nameMatches.get(name) ?? 0;
}

export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** The dynamic table of a decoder: a queue, the newest entry first, of at most `bytesMax`. */
export class HeaderTable {
  private entries: (HeaderField & { readonly bytes: number })[] = [];
  /** Entries before it have been evicted. */
  private first = 0;
  private bytes = 0;
  private bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Name and value of an index, static or dynamic; undefined when there is none. */
  at(index: number): HeaderField | undefined {
    if (index <= staticCount) {
      const entry = staticEntries[index - 1];
      return entry === undefined ? undefined : { name: entry[0], value: entry[1] };
    }
    const place = this.entries.length - (index - staticCount);
    return place < this.first ? undefined : this.entries[place];
  }

  add(name: string, value: string): void {
    const bytes = name.length + value.length + entryOverheadBytes;
    this.evict(this.bytesMax - bytes);
    if (bytes > this.bytesMax) return;
    this.entries.push({ name, value, bytes });
    this.bytes += bytes;
  }

  resize(bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.evict(bytesMax);
  }

  /** Removes the oldest entries until `bytes` are left, or none. */
  private evict(bytes: number): void {
    while (this.bytes > bytes && this.first < this.entries.length) {
      this.bytes -= this.entries[this.first]?.bytes ?? 0;
      this.first++;
    }
    if (this.first <= 256 && this.first < this.entries.length) return;
    this.entries = this.entries.slice(this.first);
    this.first = 0;
  }
}
