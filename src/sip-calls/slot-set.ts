/** Bit set of numbers from 0 to `slotsMax` - 1: an eighth of a byte each, and joined in no time. */
export class SlotSet {
  private readonly words: Uint32Array;
  /** Where the next turn begins: what is added again and again does not keep others from theirs. */
  private turn = 0;

  constructor(slotsMax: number) {
    this.words = new Uint32Array(Math.ceil(slotsMax / 32));
  }

  add(slot: number): void {
    const word = slot >>> 5;
    this.words[word] = (this.words[word] as number) | (1 << (slot & 31));
  }

  addAll(other: SlotSet): void {
    const { words } = this;
    for (let word = 0; word < words.length; word++) {
      words[word] = (words[word] as number) | (other.words[word] as number);
    }
  }

  clear(): void {
    this.words.fill(0);
  }

  /** Takes one out, in turn; -1 when there is none. */
  take(): number {
    const { words } = this;
    let word = this.turn >>> 5;
    let mask = -1 << (this.turn & 31);
    // The first word twice: at last for what stands before the turn.
    for (let looked = 0; looked <= words.length; looked++) {
      const bits = (words[word] as number) & mask;
      if (bits !== 0) {
        const lowest = bits & -bits;
        words[word] = (words[word] as number) ^ lowest;
        const slot = word * 32 + 31 - Math.clz32(lowest);
        this.turn = (slot + 1) % (words.length * 32);
        return slot;
      }
      mask = -1;
      word = (word + 1) % words.length;
    }
    return -1;
  }
}
