/**
 * What control keeps and answers: the roster and the services, wired. The threads are started, watched
 * and stopped in `processor.ts`.
 */
import type { Clock } from "../base/clock.ts";
import type { ProcessorConfig } from "../config/processor-config.ts";
import { addRoutes, type Route, type Routes } from "../control/dispatch.ts";
import { createManagement } from "../control/management.ts";
import type { HunterReport } from "../ingest/hunter-table.ts";
import { type Board, boardWord, recorderState } from "../pipeline/board.ts";
import { Roster } from "../roster/roster.ts";
import type { Log } from "../telemetry/log.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";

export interface ControlPlaneOptions {
  readonly config: ProcessorConfig;
  readonly board: Board;
  readonly log: Log;
  readonly clock: Clock;
}

export class ControlPlane {
  readonly roster: Roster;
  readonly routes: Routes;

  constructor(options: ControlPlaneOptions) {
    const { config, board, clock } = options;
    this.roster = new Roster(config.maxHunters, clock);
    const routes = new Map<string, Route>();
    const management = createManagement({
      processorId: config.processorId,
      roster: this.roster,
      huntersMax: config.maxHunters,
      troubled: () => Atomics.load(board.words, boardWord.recorderState) === recorderState.stalled,
    });
    addRoutes(routes, ManagementService, management);
    this.routes = routes;
  }

  /** What a shard received since its last report. */
  onHunters(hunters: readonly HunterReport[]): void {
    for (const { id, packets, bytes, peer } of hunters) {
      this.roster.received(id, packets, bytes, peer);
    }
  }

  /** To be called every few seconds. */
  sweep(): void {
    this.roster.sweep();
  }
}
