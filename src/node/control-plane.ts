/**
 * What control keeps and answers: the roster and the services, wired. The threads are started, watched
 * and stopped in `processor.ts`.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import { createData } from "../control/data.ts";
import { addRoutes, type Route, type Routes } from "../control/dispatch.ts";
import { createFilterMethods, wireFilter } from "../control/filter-methods.ts";
import { createHealth } from "../control/health.ts";
import { HunterClaims } from "../control/hunter-claims.ts";
import { createManagement } from "../control/management.ts";
import { createMonitoring } from "../control/monitoring.ts";
import type { NodeView } from "../control/node-view.ts";
import { createReflection } from "../control/reflection.ts";
import { Serving } from "../control/serving.ts";
import { SubscriberTable } from "../control/subscriber-table.ts";
import type { SubscriberReport } from "../fanout/subscriber-report.ts";
import { Filters } from "../filters/filters.ts";
import type { HunterReport } from "../ingest/hunter-table.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import { Roster } from "../roster/roster.ts";
import { CallFeed } from "../sip-calls/call-feed.ts";
import { sipCallsEvent } from "../sip-calls/events.ts";
import type { SipReport } from "../sip-calls/sip-sighting.ts";
import type { Events } from "../telemetry/events.ts";
import type { RoomEvent } from "../telemetry/room-events.ts";
import { Health } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { packetCounts, packetsReceived } from "./accounts.ts";
import { buildInfo } from "./build-info.ts";

/** What clients can find out that is served, by the shards or through their tunnels. */
export const services = [
  DataService,
  ManagementService,
  MonitoringService,
  Health,
  ServerReflection,
  ServerReflectionAlpha,
] as const;

/** Clients learn of a full disk within this time. */
const healthIntervalMs = 250;
/** How late a change of a call may be told, beside `limits.callUpdateMs`. */
const callIntervalMs = 250;

export interface ControlPlaneOptions {
  readonly config: ProcessorConfig;
  readonly board: Board;
  readonly events: Events;
  readonly clock: Clock;
  /** When the node's certificate ends, in milliseconds since 1970; 0 without TLS. */
  readonly certificateEndsMs: () => number;
  /** Ends the packet streams that carry that hunter alone, so that it registers anew. */
  readonly endHunter: (hunterId: string, reason: string) => void;
}

export class ControlPlane {
  readonly roster: Roster;
  readonly routes: Routes;
  readonly filters: Filters;
  /** Who may speak for which hunter. */
  readonly claims: HunterClaims;
  readonly subscribers = new SubscriberTable();
  readonly endHunter: (hunterId: string, reason: string) => void;
  private readonly board: Board;
  private readonly events: Events;
  private readonly calls: CallFeed;
  private readonly serving = new Serving();
  private readonly timers: Timer[] = [];
  private stopping = false;

  constructor(options: ControlPlaneOptions) {
    const { config, board, clock, events } = options;
    this.board = board;
    this.endHunter = options.endHunter;

    this.events = events;
    this.calls = new CallFeed({ clock });
    this.roster = new Roster(config.maxHunters, clock);
    const node: NodeView = {
      processorId: config.processorId.toWellFormed(),
      roster: this.roster,
      clock,
      recorderState: () => Atomics.load(board.words, boardWord.recorderState),
      packetsReceived: () => packetsReceived(board),
    };
    const filters = new Filters({
      path: config.filterFile,
      events,
      clock,
      capabilitiesOf: (hunterId) => this.roster.capabilitiesOf(hunterId),
      evict: this.endHunter,
    });
    this.filters = filters;
    const routes = new Map<string, Route>();
    const claims = new HunterClaims(config.access.rules);
    this.claims = claims;
    const management = createManagement({
      node,
      claims,
      huntersMax: config.maxHunters,
      filtersOf: (hunterId) => this.filters.distribution.register(hunterId).map(wireFilter),
    });
    addRoutes(routes, ManagementService, management);
    const { processorId } = node;
    const { roster } = this;
    const filterMethods = createFilterMethods({ processorId, filters, claims, roster, events });
    addRoutes(routes, ManagementService, filterMethods);
    const monitoring = createMonitoring({
      node,
      version: buildInfo.version,
      startedAtMs: clock.monotonicMs(),
      packets: () => packetCounts(board),
      certificateEndsMs: options.certificateEndsMs,
      subscribers: this.subscribers,
      eventCounts: () => events.counts(),
    });
    addRoutes(routes, MonitoringService, monitoring);

    addRoutes(routes, DataService, createData(this.calls));
    const names = services.map(({ typeName }) => typeName);
    addRoutes(routes, Health, createHealth(this.serving, names));
    const reflection = createReflection(services);
    addRoutes(routes, ServerReflection, reflection);
    addRoutes(routes, ServerReflectionAlpha, reflection);
    this.routes = routes;
  }

  /** Reads the filters, and begins what happens at intervals, until `stop`. */
  async start(): Promise<void> {
    await this.filters.start();
    const every = (ms: number, act: () => void): void => {
      this.timers.push(setInterval(act, ms));
    };
    every(healthIntervalMs, () => this.tellHealth());
    every(callIntervalMs, () => this.calls.tick());
    every(limits.hunterSweepMs, () => this.roster.sweep());
    every(limits.hunterChangedMs, () => this.roster.tellChanges());
    every(limits.filterSweepMs, () => this.filters.distribution.sweep());
  }

  stop(): void {
    this.filters.stop();
    for (const timer of this.timers) clearInterval(timer);
  }

  /** What a shard received since its last report. */
  onHunters(shard: number, hunters: readonly HunterReport[]): void {
    for (const report of hunters) this.roster.received(shard, report);
  }

  /** Where the live views of a shard stand. */
  onSubscribers(shard: number, reports: readonly SubscriberReport[]): void {
    this.subscribers.report(shard, reports);
  }

  /** A shard's thread is gone, and with it every RPC that it had. */
  onShardLost(shard: number): void {
    this.roster.shardLost(shard);
    this.subscribers.shardLost(shard);
  }

  /** What a shard saw of calls since its last report. */
  onSip({ sightings, missed }: SipReport): void {
    const { table } = this.calls;
    const { evictedCalls, evictedLegs } = table;
    this.calls.take(sightings);
    this.count(
      sipCallsEvent.missed,
      missed,
      "SIP packets not searched for calls, since too many came at once",
    );
    const calls = table.evictedCalls - evictedCalls;
    this.count(sipCallsEvent.evicted, calls, "calls forgotten early, since too many are known");
    const legs = table.evictedLegs - evictedLegs;
    this.count(
      sipCallsEvent.legsEvicted,
      legs,
      "legs of calls forgotten early, since one call has too many",
    );
  }

  /** The node stops: clients are told while their RPCs are still open. */
  beginStop(): void {
    this.stopping = true;
    this.tellHealth();
  }

  private tellHealth(): void {
    this.serving.set(!this.stopping && !this.troubled);
  }

  private count(event: RoomEvent, n: number, what: string): void {
    if (n > 0) this.events.tell(event, `${what}: ${n}`, {}, n);
  }

  /** True while the recorder cannot write. */
  private get troubled(): boolean {
    const state = Atomics.load(this.board.words, boardWord.recorderState);
    return state === recorderState.stalled;
  }
}
