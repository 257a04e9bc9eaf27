/** A number with the thing that it counts: `1 hunter`, `2,000 hunters`. */

/** `many` is for words whose plural takes more than an s. */
export function counted(count: number | bigint, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${Number(count) === 1 ? one : many}`;
}
