/** Conflating queue: what one monitoring stream has not been told yet, one entry a hunter, or "everything". */
import type { RosterEvent, RosterHunter } from "../roster/hunter.ts";

export interface PendingUpdate {
  readonly kind: "connected" | "changed" | "disconnected";
  readonly hunter: RosterHunter;
  /** Why it is gone, else "". */
  readonly reason: string;
}

export class PendingUpdates {
  private readonly updates = new Map<string, PendingUpdate>();
  private readonly updatesMax: number;
  /** Everything is to be told anew, and so nothing by itself: at the beginning, and after a loss. */
  private all = true;

  constructor(updatesMax: number) {
    this.updatesMax = updatesMax;
  }

  add(event: RosterEvent): void {
    if (this.all) return;
    const { hunter } = event;
    const before = this.updates.get(hunter.id);
    // Whoever is told that a hunter came or went is told its state by that.
    if (before !== undefined && before.kind !== "changed" && isChange(event)) return;
    if (before === undefined && this.updates.size >= this.updatesMax) {
      this.updates.clear();
      this.all = true;
      return;
    }
    const kind = isChange(event) ? "changed" : event.kind;
    const reason = event.kind === "disconnected" ? event.reason : "";
    this.updates.set(hunter.id, { kind, hunter, reason });
  }

  /** The next thing to tell; undefined when there is none. */
  take(): PendingUpdate | "snapshot" | undefined {
    if (this.all) {
      this.all = false;
      return "snapshot";
    }
    for (const [id, update] of this.updates) {
      this.updates.delete(id);
      return update;
    }
    return undefined;
  }
}

function isChange(
  event: RosterEvent,
): event is Extract<RosterEvent, { kind: "changed" | "status-changed" }> {
  return event.kind === "changed" || event.kind === "status-changed";
}
