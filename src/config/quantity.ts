/** Sizes and times as users write them, read and shown. */
const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** Bytes of `100M`, `1.5G` or `4096`: K, M, G and T count in 1024s (docs/wire.md#sizes). */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)([kmgt]?)(?:i?b)?$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (sizeUnits[(match[2] ?? "").toLowerCase()] ?? Number.NaN);
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined;
}

const millisecondsOf: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const durationPart = /(\d{1,15}(?:\.\d{1,9})?|\.\d{1,9})(ns|us|µs|μs|ms|s|m|h)/gy;

/** Milliseconds of a Go duration: `1h30m`, `2.5s`, `500ms`, and `0` without a unit. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  let total = 0;
  let end = 0;
  for (const part of text.matchAll(durationPart)) {
    total += Number(part[1]) * (millisecondsOf[part[2] ?? ""] ?? Number.NaN);
    end = part.index + part[0].length;
  }
  return end === text.length && end > 0 && Number.isFinite(total) ? total : undefined;
}

/** `32M`, or plain bytes when no unit divides it. */
export function showSize(bytes: number): string {
  for (const unit of ["t", "g", "m", "k"]) {
    const size = sizeUnits[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit.toUpperCase()}`;
  }
  return String(bytes);
}

/** `1h30m`, `5s`, `100ms`. */
export function showDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = "";
  for (const unit of ["h", "m", "s", "ms"]) {
    const size = millisecondsOf[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === "" ? "0" : text;
}
