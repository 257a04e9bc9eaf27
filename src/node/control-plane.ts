/**
 * What control keeps and answers: the roster and the services, wired. The threads are started, watched
 * and stopped in `processor.ts`.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import { addRoutes, type Route, type Routes } from "../control/dispatch.ts";
import { createHealth } from "../control/health.ts";
import { createManagement } from "../control/management.ts";
import { createMonitoring } from "../control/monitoring.ts";
import type { NodeView } from "../control/node-view.ts";
import { createReflection } from "../control/reflection.ts";
import { Serving } from "../control/serving.ts";
import { SubscriberTable } from "../control/subscriber-table.ts";
import type { SubscriberReport } from "../fanout/subscriber-report.ts";
import type { HunterReport } from "../ingest/hunter-table.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import { Roster } from "../roster/roster.ts";
import type { Log } from "../telemetry/log.ts";
import { Health } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { packetCounts, packetsReceived } from "./accounts.ts";
import { buildInfo } from "./build-info.ts";

/** What clients can find out that is served, by the shards or through their tunnels. */
const services = [
  DataService,
  ManagementService,
  MonitoringService,
  Health,
  ServerReflection,
  ServerReflectionAlpha,
] as const;

/** Clients learn of a full disk within this time. */
const healthIntervalMs = 250;

export interface ControlPlaneOptions {
  readonly config: ProcessorConfig;
  readonly board: Board;
  readonly log: Log;
  readonly clock: Clock;
  /** Ends the packet streams that carry that hunter alone, so that it registers anew. */
  readonly endHunter: (hunterId: string, reason: string) => void;
}

export class ControlPlane {
  readonly roster: Roster;
  readonly routes: Routes;
  readonly subscribers = new SubscriberTable();
  readonly endHunter: (hunterId: string, reason: string) => void;
  private readonly board: Board;
  private readonly serving = new Serving();
  private stopping = false;

  constructor(options: ControlPlaneOptions) {
    const { config, board, clock } = options;
    this.board = board;
    this.endHunter = options.endHunter;
    this.roster = new Roster(config.maxHunters, clock);
    const node: NodeView = {
      processorId: config.processorId.toWellFormed(),
      roster: this.roster,
      clock,
      recorderState: () => Atomics.load(board.words, boardWord.recorderState),
      packetsReceived: () => packetsReceived(board),
    };
    const routes = new Map<string, Route>();
    const management = createManagement({
      node,
      huntersMax: config.maxHunters,
      filtersOf: () => [],
    });
    addRoutes(routes, ManagementService, management);
    const monitoring = createMonitoring({
      node,
      version: buildInfo.version,
      startedAtMs: clock.monotonicMs(),
      packets: () => packetCounts(board),
      subscribers: this.subscribers,
    });
    addRoutes(routes, MonitoringService, monitoring);
    const names = services.map(({ typeName }) => typeName);
    addRoutes(routes, Health, createHealth(this.serving, names));
    const reflection = createReflection(services);
    addRoutes(routes, ServerReflection, reflection);
    addRoutes(routes, ServerReflectionAlpha, reflection);
    this.routes = routes;
  }

  /** Begins what happens at intervals; the answer ends it. */
  start(): () => void {
    const timers = [
      setInterval(() => this.tellHealth(), healthIntervalMs),
      setInterval(() => this.roster.sweep(), limits.hunterSweepMs),
      setInterval(() => this.roster.tellChanges(), limits.hunterChangedMs),
    ];
    return () => {
      for (const timer of timers) clearInterval(timer);
    };
  }

  /** What a shard received since its last report. */
  onHunters(shard: number, hunters: readonly HunterReport[]): void {
    for (const report of hunters) this.roster.received(shard, report);
  }

  /** Where the live views of a shard stand. */
  onSubscribers(shard: number, reports: readonly SubscriberReport[]): void {
    this.subscribers.report(shard, reports);
  }

  /** A shard's thread is gone, and with it every call that it had. */
  onShardLost(shard: number): void {
    this.roster.shardLost(shard);
    this.subscribers.shardLost(shard);
  }

  /** The node stops: clients are told while their calls are still open. */
  beginStop(): void {
    this.stopping = true;
    this.tellHealth();
  }

  private tellHealth(): void {
    this.serving.set(!this.stopping && !this.troubled);
  }

  /** True while the recorder cannot write. */
  private get troubled(): boolean {
    const state = Atomics.load(this.board.words, boardWord.recorderState);
    return state === recorderState.stalled;
  }
}
