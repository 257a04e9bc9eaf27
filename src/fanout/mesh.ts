/** Where else live views watch: this shard's links to the others, and what crosses them. */
import type { MessagePort } from "node:worker_threads";
import type { Audience } from "./audience.ts";
import type { Audiences } from "./audiences.ts";
import { MeshLink } from "./mesh-link.ts";

export interface MeshOptions {
  /** Other shards' audiences join them, and theirs are asked for on other shards. */
  readonly audiences: Audiences;
  /** Batches of another shard's hunters, for an audience with members here. */
  readonly onBundle: (
    audience: Audience,
    frames: Uint8Array,
    length: number,
    batches: number,
  ) => void;
}

export class Mesh {
  private readonly options: MeshOptions;
  private readonly links = new Map<number, MeshLink>();

  constructor(options: MeshOptions) {
    this.options = options;
  }

  /** Connects this shard with another; replaces the link to one that died. */
  connect(shard: number, port: MessagePort): void {
    const { audiences, onBundle } = this.options;
    this.links.get(shard)?.close();
    const link: MeshLink = new MeshLink({
      port,
      onWanted: (selection, member) => audiences.of(selection).remotes.add(member),
      onUnwanted: (selection, member) => {
        const audience = audiences.find(selection);
        audience?.remotes.delete(member);
        if (audience !== undefined) audiences.forgetIfEmpty(audience);
      },
      onBundle: (number, frames, length, batches) => {
        const audience = audiences.numbered(number);
        if (audience === undefined || audience.members.size === 0) return;
        onBundle(audience, frames, length, batches);
      },
      onMissed: (number, batches) => {
        for (const member of audiences.numbered(number)?.members ?? []) member.miss(batches);
      },
      onClosed: () => {
        if (this.links.get(shard) === link) this.links.delete(shard);
      },
    });
    this.links.set(shard, link);
    for (const audience of audiences.all.values()) {
      if (audience.members.size > 0) link.want(audience.number, audience.selection);
    }
  }

  /** Asks all other shards for what the audience wants to see. */
  want({ number, selection }: Audience): void {
    for (const link of this.links.values()) link.want(number, selection);
  }

  unwant({ number }: Audience): void {
    for (const link of this.links.values()) link.unwant(number);
  }

  close(): void {
    for (const link of [...this.links.values()]) link.close();
  }
}
