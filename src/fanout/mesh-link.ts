/**
 * Credit-based flow control: one shard's end of the link to another. What is under way in each
 * direction is bounded by credit, which comes back when the other side has queued the bytes, not when
 * its clients have read them: a slow client never holds a link up, and a shard that stands still costs
 * this one nothing.
 */
import type { MessagePort } from "node:worker_threads";
import { limits } from "../config/limits.ts";
import type { RemoteMember } from "./audience.ts";
import type { Bundle } from "./bundle.ts";
import type { MeshMessage } from "./mesh-messages.ts";
import type { Selection } from "./selection.ts";

export interface MeshLinkOptions {
  readonly port: MessagePort;
  /** The other shard wants what `selection` says, for as long as `unwanted` is not called. */
  readonly onWanted: (selection: Selection, member: RemoteMember) => void;
  readonly onUnwanted: (selection: Selection, member: RemoteMember) => void;
  /** Batches for an audience of this shard, by its number. */
  readonly onBundle: (
    audience: number,
    frames: Uint8Array,
    length: number,
    batches: number,
  ) => void;
  readonly onMissed: (audience: number, batches: number) => void;
  readonly onClosed: () => void;
}

export class MeshLink {
  private readonly options: MeshLinkOptions;
  private readonly wanted = new Map<number, { selection: Selection; member: RemoteAudience }>();
  private credit: number = limits.meshCreditBytes;
  private closed = false;

  constructor(options: MeshLinkOptions) {
    this.options = options;
    options.port.on("message", (message: MeshMessage) => this.onMessage(message));
    options.port.on("close", () => this.onClose());
  }

  want(audience: number, { hunters, expression }: Selection): void {
    this.post({ kind: "want", audience, hunters, expression });
  }

  unwant(audience: number): void {
    this.post({ kind: "unwant", audience });
  }

  /** The other shard was started anew, or the node stops. */
  close(): void {
    this.options.port.close();
    this.onClose();
  }

  hasCredit(): boolean {
    return this.credit > 0 && !this.closed;
  }

  /** Copies and sends a bundle; false when there is no credit, unless it must go. */
  send(audience: number, bundle: Bundle, must: boolean): boolean {
    if (this.closed || !(must || this.credit > 0)) return false;
    const frames = bundle.frames();
    const bytes = new Uint8Array(frames.bytes.subarray(0, frames.end));
    this.credit -= bytes.length;
    const { batches } = bundle;
    this.post({ kind: "bundle", audience, bytes, length: frames.length, batches }, [bytes.buffer]);
    return true;
  }

  missed(audience: number, batches: number): void {
    this.post({ kind: "missed", audience, batches });
  }

  private post(message: MeshMessage, transfer: ArrayBuffer[] = []): void {
    if (!this.closed) this.options.port.postMessage(message, transfer);
  }

  private onMessage(message: MeshMessage): void {
    if (this.closed) return;
    switch (message.kind) {
      case "want": {
        const { audience, hunters, expression } = message;
        const member = new RemoteAudience(this, audience);
        const selection = { hunters, expression };
        this.wanted.set(audience, { selection, member });
        this.options.onWanted(selection, member);
        return;
      }
      case "unwant":
        this.unwanted(message.audience);
        return;
      case "bundle":
        this.options.onBundle(message.audience, message.bytes, message.length, message.batches);
        this.post({ kind: "credit", bytes: message.bytes.length });
        return;
      case "missed":
        this.options.onMissed(message.audience, message.batches);
        return;
      case "credit":
        this.credit += message.bytes;
        for (const { member } of this.wanted.values()) member.tellMissed();
    }
  }

  private unwanted(audience: number): void {
    const found = this.wanted.get(audience);
    if (found === undefined) return;
    this.wanted.delete(audience);
    this.options.onUnwanted(found.selection, found.member);
  }

  private onClose(): void {
    if (this.closed) return;
    this.closed = true;
    for (const audience of [...this.wanted.keys()]) this.unwanted(audience);
    this.options.onClosed();
  }
}

/** An audience of the other shard, as this one sees it. */
class RemoteAudience implements RemoteMember {
  private readonly link: MeshLink;
  private readonly audience: number;
  private untold = 0;
  private isBegun = false;

  constructor(link: MeshLink, audience: number) {
    this.link = link;
    this.audience = audience;
  }

  hasRoom(): boolean {
    return this.link.hasCredit();
  }

  offer(bundle: Bundle): void {
    // The rest of a large batch follows its beginning, though the credit is used up by then.
    const isRest = bundle.batches === 0;
    this.isBegun = this.link.send(this.audience, bundle, isRest && this.isBegun);
    if (this.isBegun) this.tellMissed();
    else this.miss(isRest ? 1 : bundle.batches);
  }

  /** Kept until there is credit again: a shard that stands still gets no pile of messages. */
  miss(batches: number): void {
    this.untold += batches;
  }

  tellMissed(): void {
    if (this.untold === 0) return;
    this.link.missed(this.audience, this.untold);
    this.untold = 0;
  }
}
