/** Whether the node can do its work, for health checks. */
import { Bell } from "../base/bell.ts";

/** Whether the node can do its work now; false while the disk is full, and from the stop on. */
export class Serving {
  /** Rings at each change. */
  readonly changed: Bell = new Bell();
  private serving = true;

  get now(): boolean {
    return this.serving;
  }

  set(serving: boolean): void {
    if (serving === this.serving) return;
    this.serving = serving;
    this.changed.ring();
  }
}
