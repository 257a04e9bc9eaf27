/** Problems and warnings about a filter file, by line, bounded. */
import { limits } from "../config/limits.ts";

export interface Remark {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** What there is to say about a file, by line; at most `limits.filterRemarksMax` of each kind. */
export class Remarks {
  readonly problems: Remark[] = [];
  readonly warnings: Remark[] = [];
  private readonly text: string;

  /** @param text the whole file */
  constructor(text: string) {
    this.text = text;
  }

  get isBroken(): boolean {
    return this.problems.length > 0;
  }

  /** No further problem would be told. */
  get isFull(): boolean {
    return this.problems.length >= limits.filterRemarksMax;
  }

  /** @param offset in the whole file */
  problem(offset: number, text: string): void {
    this.add(this.problems, offset, text);
  }

  warning(offset: number, text: string): void {
    this.add(this.warnings, offset, text);
  }

  /** The line of an offset, counted from the beginning: nobody asks where there is nothing to say. */
  lineAt(offset: number): number {
    let line = 1;
    let at = this.text.indexOf("\n");
    while (at >= 0 && at < offset) {
      line++;
      at = this.text.indexOf("\n", at + 1);
    }
    return line;
  }

  private add(remarks: Remark[], offset: number, text: string): void {
    if (remarks.length >= limits.filterRemarksMax) return;
    remarks.push({ line: this.lineAt(offset), text });
  }
}
