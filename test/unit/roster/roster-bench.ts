/** A roster with a clock that the test moves, and what it told. */
import type { Clock } from "../../../src/base/clock.ts";
import type { HunterTraffic, Registration, RosterHunter } from "../../../src/roster/hunter.ts";
import { Roster } from "../../../src/roster/roster.ts";

export class RosterBench {
  nowMs = 1000;
  readonly roster: Roster;
  /** `kind id` and what else an event says, since the last `takeEvents`. */
  private events: string[] = [];

  constructor(huntersMax = 10) {
    const clock: Clock = {
      monotonicMs: () => this.nowMs,
      wallMs: () => 1_700_000_000_000 + this.nowMs,
      random: () => 0,
    };
    this.roster = new Roster(huntersMax, clock);
    this.roster.onEvent((event) => {
      const { kind, hunter } = event;
      let more = "";
      if (kind === "disconnected") more = `: ${event.reason}`;
      if (kind === "status-changed") more = `: ${event.oldStatus} to ${event.newStatus}`;
      this.events.push(`${kind} ${hunter.id}${more}`);
    });
  }

  register(id: string, more: Partial<Registration> = {}): boolean {
    const remoteAddress = `10.0.0.1:${id.length}`;
    const registration = { id, hostname: "", interfaces: [], version: "1", remoteAddress };
    return this.roster.register({ ...registration, ...more });
  }

  /** What shard 0 reports of a hunter: one batch of one packet, unless told otherwise. */
  received(id: string, more: Partial<HunterTraffic> = {}, shard = 0): void {
    const traffic = { id, packets: 1, bytes: 100, batches: 1, peer: "10.0.0.3:1" };
    this.roster.received(shard, { ...traffic, streams: 1, streamsEnded: 0, ...more });
  }

  /** The same of a stream that ended and brought nothing meanwhile. */
  streamEnded(id: string, streamsLeft = 0, shard = 0): void {
    const nothing = { packets: 0, bytes: 0, batches: 0 };
    this.received(id, { ...nothing, streams: streamsLeft, streamsEnded: 1 }, shard);
  }

  find(id: string): RosterHunter | undefined {
    return this.roster.find(id);
  }

  takeEvents(): string[] {
    const { events } = this;
    this.events = [];
    return events;
  }
}
