/**
 * Where the entry of each id stands. Never changed: a change copies one of its parts, some hundred
 * ids, and shares the others. A copy of one map of 100,000 ids would hold the thread up for 25 ms.
 */

const partCount = 512;

type Part = ReadonlyMap<string, number>;

export class PlaceIndex {
  private readonly parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.parts = parts;
  }

  static of(entries: Iterable<readonly [id: string, place: number]>): PlaceIndex {
    return new PlaceIndex(Array<Part>(partCount).fill(new Map())).with(entries);
  }

  get(id: string): number | undefined {
    return this.parts[partOf(id)]?.get(id);
  }

  /** With other places for these ids; undefined takes an id away. */
  with(changes: Iterable<readonly [id: string, place: number | undefined]>): PlaceIndex {
    const parts = [...this.parts];
    const copies = new Map<number, Map<string, number>>();
    for (const [id, place] of changes) {
      const at = partOf(id);
      const part = copies.get(at) ?? new Map(parts[at]);
      copies.set(at, part);
      parts[at] = part;
      if (place === undefined) part.delete(id);
      else part.set(id, place);
    }
    return new PlaceIndex(parts);
  }
}

/** FNV-1a. */
function partOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % partCount;
}
