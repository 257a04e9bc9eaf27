/** Bytes in a unit that people read: `512 B`, `64.2 GiB`, `500 TiB`. */
const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** In powers of 1024, with one decimal where it is not zero. */
export function byteSize(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${Number(size.toFixed(1))} ${units[unit]}`;
}
