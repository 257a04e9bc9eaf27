/**
 * What control keeps and answers: the roster and the services, wired. The threads are started, watched
 * and stopped in `processor.ts`.
 */
import type { Clock } from "../base/clock.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import { addRoutes, type Route, type Routes } from "../control/dispatch.ts";
import { createHealth } from "../control/health.ts";
import { createManagement } from "../control/management.ts";
import { createReflection } from "../control/reflection.ts";
import { Serving } from "../control/serving.ts";
import type { HunterReport } from "../ingest/hunter-table.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import { Roster } from "../roster/roster.ts";
import type { Log } from "../telemetry/log.ts";
import { Health } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";

/** What clients can find out that is served, by the shards or through their tunnels. */
const services = [
  DataService,
  ManagementService,
  Health,
  ServerReflection,
  ServerReflectionAlpha,
] as const;

export interface ControlPlaneOptions {
  readonly config: ProcessorConfig;
  readonly board: Board;
  readonly log: Log;
  readonly clock: Clock;
}

export class ControlPlane {
  readonly roster: Roster;
  readonly routes: Routes;
  private readonly board: Board;
  private readonly serving = new Serving();
  private stopping = false;

  constructor(options: ControlPlaneOptions) {
    const { config, board, clock } = options;
    this.board = board;
    this.roster = new Roster(config.maxHunters, clock);
    const routes = new Map<string, Route>();
    const management = createManagement({
      processorId: config.processorId,
      roster: this.roster,
      huntersMax: config.maxHunters,
      troubled: () => this.troubled,
    });
    addRoutes(routes, ManagementService, management);
    const names = services.map(({ typeName }) => typeName);
    addRoutes(routes, Health, createHealth(this.serving, names));
    const reflection = createReflection(services);
    addRoutes(routes, ServerReflection, reflection);
    addRoutes(routes, ServerReflectionAlpha, reflection);
    this.routes = routes;
  }

  /** What a shard received since its last report. */
  onHunters(hunters: readonly HunterReport[]): void {
    for (const { id, packets, bytes, peer } of hunters) {
      this.roster.received(id, packets, bytes, peer);
    }
  }

  /** The node stops: clients are told while their calls are still open. */
  beginStop(): void {
    this.stopping = true;
    this.tick();
  }

  /** To be called a few times a second. */
  tick(): void {
    this.serving.set(!this.stopping && !this.troubled);
  }

  /** To be called every few seconds. */
  sweep(): void {
    this.roster.sweep();
  }

  /** True while the recorder cannot write. */
  private get troubled(): boolean {
    const state = Atomics.load(this.board.words, boardWord.recorderState);
    return state === recorderState.stalled;
  }
}
