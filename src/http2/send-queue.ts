/** What one stream has to send, in order: header blocks, and data that waits for its window. */
import type { FramedBytes } from "./framed-bytes.ts";

export interface HeadersItem {
  readonly kind: "headers";
  readonly block: Buffer;
  readonly endsStream: boolean;
}

export interface DataItem {
  readonly kind: "data";
  readonly bytes: Uint8Array;
  readonly framed: FramedBytes | undefined;
  readonly length: number;
  /** Bytes that have gone. */
  sent: number;
  /** Called when the last of it has gone. */
  readonly taken: (() => void) | undefined;
}

/** The end of the stream without a header block. */
export interface EndItem {
  readonly kind: "end";
}

export type SendItem = HeadersItem | DataItem | EndItem;

export class SendQueue {
  private readonly items: SendItem[] = [];
  private dataBytes = 0;

  /** Bytes of data that have not gone. */
  get bytes(): number {
    return this.dataBytes;
  }

  get head(): SendItem | undefined {
    return this.items[0];
  }

  push(item: SendItem): void {
    this.items.push(item);
    if (item.kind === "data") this.dataBytes += item.length;
  }

  /** That much more of the data item at the head has gone; leaves the queue with its last byte. */
  advance(item: DataItem, bytes: number): void {
    item.sent += bytes;
    this.dataBytes -= bytes;
    if (item.sent < item.length) return;
    this.items.shift();
    item.taken?.();
  }

  shift(): void {
    this.items.shift();
  }

  clear(): void {
    this.items.length = 0;
    this.dataBytes = 0;
  }
}
