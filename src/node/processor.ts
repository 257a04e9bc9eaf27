/** The node: builds its threads, wires them, and stops them in order. */

import { feature } from "bun:bundle";
import { AccessStore } from "../access/access-store.ts";
import { createFailureMemory, FailureTable } from "../access/failure-table.ts";
import type { Clock } from "../base/clock.ts";
import { counted } from "../base/counted.ts";
import { WeirError } from "../base/errors.ts";
import type { Endpoint } from "../config/endpoint.ts";
import { limits } from "../config/limits.ts";
import { showEndpoint } from "../config/parse-endpoint.ts";
import type { ProcessorConfig, ThreadConfig } from "../config/processor-config.ts";
import { Credentials } from "../credentials/credentials.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import { createAddressMemory } from "../pipeline/address-counts.ts";
import { Board, boardWord, createBoardMemory, recorderState } from "../pipeline/board.ts";
import { createEvents, type Events } from "../telemetry/events.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { readAccounts } from "./accounts.ts";
import { buildInfo } from "./build-info.ts";
import { ControlPlane } from "./control-plane.ts";
import { nodeEvent } from "./events.ts";
import { installFaults } from "./faults.ts";
import { linkShard } from "./link-shard.ts";
import { createNodeClock } from "./node-clock.ts";
import { connectionsFor, openFilesMax } from "./open-files.ts";
import { claimPort } from "./port-check.ts";
import { RecorderThread } from "./recorder-thread.ts";
import { ShardThread } from "./shard-thread.ts";
import { ignoreSignals, onReloadSignal, onRequestSignals, onStopSignal } from "./signals.ts";
import { StatsReporter } from "./stats.ts";

const watchIntervalMs = 2000;

/**
 * Runs `weir process` until it is told to stop; 0 when everything accepted is written.
 * @throws WeirError for what ends the node: see src/cli/exit-codes.ts
 */
export async function runProcessor(config: ProcessorConfig): Promise<number> {
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  try {
    return await new Processor(config, log).run();
  } finally {
    await log.flush();
  }
}

class Processor {
  private readonly config: ProcessorConfig;
  /** What recorder and shards are told; who may call, shards are told whenever it changes. */
  private readonly threads: ThreadConfig;
  private readonly log: Log;
  private readonly events: Events;
  private readonly clock: Clock;
  private readonly board: Board;
  private readonly memory;
  private readonly plane: ControlPlane;
  private readonly credentials: Credentials | undefined;
  private readonly access: AccessStore;
  private readonly failures = createFailureMemory();
  private shards: ShardThread[] = [];
  private recorder: RecorderThread | undefined = undefined;

  constructor(config: ProcessorConfig, log: Log) {
    this.config = config;
    const { access, ...threads } = config;
    this.threads = threads;
    this.log = log;
    this.events = createEvents(log);
    this.clock = createNodeClock((gapMs) => this.tellFrozen(gapMs));
    this.memory = createBoardMemory(config.workers);
    this.board = new Board(this.memory);
    const { board, clock, events } = this;
    const endHunter = (hunterId: string, reason: string): void => {
      for (const shard of this.shards) shard.endHunter(hunterId, reason);
    };
    const certificateEndsMs = (): number => this.credentials?.endsMs ?? 0;
    this.plane = new ControlPlane({ config, board, events, clock, certificateEndsMs, endHunter });
    const publish = (credentials: ServerCredentials): void => {
      for (const shard of this.shards) shard.setCredentials(credentials);
    };
    const { tls } = config;
    this.credentials = tls && new Credentials({ config: tls, events, clock, publish });
    this.access = new AccessStore({
      config: access,
      events,
      clock,
      publish: (rules) => {
        this.plane.claims.setRules(rules);
        for (const shard of this.shards) shard.setAccess(rules);
      },
    });
  }

  async run(): Promise<number> {
    const { events, config } = this;
    const stopped = Promise.withResolvers<string>();
    const offSignals = onStopSignal((signal) => stopped.resolve(signal));
    const offReload = onReloadSignal(() => this.reload());
    const offIgnored = ignoreSignals();
    const lost = Promise.withResolvers<never>();
    // Nobody may be waiting when it rejects during the stop.
    lost.promise.catch(() => {});
    try {
      await this.credentials?.start();
      await this.access.start();
      const claimed = await claimPort(config.listen);
      const listen = claimed.endpoint;
      const rings = await this.startRecorder(lost.reject);
      await this.plane.start();
      await Promise.race([this.startShards(listen, rings), lost.promise]);
      // Before anybody hears that the node listens: the signal ends a process that does not expect it.
      if (feature("FAULTS")) installFaults(this.shards, this.recorder, events);
      events.tell(nodeEvent.listening, `listening on ${showEndpoint(listen)}`, {
        address: showEndpoint(listen),
        processor: config.processorId,
        workers: config.workers,
        tls: config.tls !== undefined,
        detection: config.enableDetection,
        version: buildInfo.version,
        pid: process.pid,
      });
      const stopTimers = this.startTimers();
      const signal = await Promise.race([stopped.promise, lost.promise]);
      claimed.release();
      const unwritten = await Promise.race([this.stop(signal), lost.promise]);
      stopTimers();
      if (unwritten === 0) return 0;
      const told =
        config.ack === "memory"
          ? "they were acknowledged (--ack memory)"
          : "they were not acknowledged";
      throw new WeirError(
        "packets-unacknowledged",
        `${counted(unwritten, "packet")} received but not written; ${told}`,
      );
    } finally {
      offSignals();
      offReload();
      offIgnored();
      this.access.stop();
      this.plane.stop();
      this.credentials?.stop();
      for (const shard of this.shards) shard.terminate();
      this.recorder?.terminate();
    }
  }

  private async startRecorder(onLost: (error: WeirError) => void): Promise<SharedArrayBuffer[]> {
    const { config, threads, board, log, events } = this;
    if (config.writeFile === "") {
      Atomics.store(board.words, boardWord.recorderState, recorderState.off);
      events.tell(nodeEvent.recordingOff, "nothing is recorded: no --write-file was given");
      return [];
    }
    const share = Math.floor(limits.recordRingBytes / config.workers / 8) * 8;
    const rings = Array.from({ length: config.workers }, () => new SharedArrayBuffer(share));
    this.recorder = new RecorderThread({
      config: threads,
      memory: this.memory,
      rings,
      log,
      events,
      onLost,
    });
    await this.recorder.start();
    if (config.ack === "memory") {
      events.tell(
        nodeEvent.ackMemory,
        "--ack memory: if the node is killed, acknowledged packets that are not written yet are lost",
      );
    }
    return rings;
  }

  private async startShards(listen: Endpoint, rings: readonly SharedArrayBuffer[]): Promise<void> {
    const { threads, board, log, events, clock, plane } = this;
    const addresses = createAddressMemory(threads.workers, clock.random);
    const connectionsMax = this.boundConnections();
    this.shards = board.rows.map(
      (row, shard) =>
        new ShardThread({
          start: {
            shard,
            config: threads,
            board: this.memory,
            addresses,
            ring: rings[shard],
            recordCapacityBytes: limits.recordRingBytes,
            listen,
            credentials: this.credentials?.current,
            failures: this.failures,
            connectionsMax,
          },
          access: () => this.access.rules,
          row,
          routes: plane.routes,
          log,
          events,
          clock,
          onHunters: (hunters) => plane.onHunters(shard, hunters),
          onLost: () => plane.onShardLost(shard),
          onSip: (sip) => plane.onSip(sip),
          onSubscribers: (subscribers) => plane.onSubscribers(shard, subscribers),
          onListening: () => linkShard(shard, this.shards),
        }),
    );
    await Promise.all(this.shards.map((shard) => shard.start()));
  }

  private boundConnections(): number {
    const openFiles = openFilesMax();
    const most = connectionsFor(openFiles);
    if (most < limits.connectionsMax) {
      const enough = limits.connectionsMax + limits.openFilesReserved;
      const text = `the node accepts at most ${most} connections, because it may open only ${openFiles} files (ulimit -n)`;
      this.events.tell(
        nodeEvent.fewOpenFiles,
        `${text}; ${enough} files allow ${limits.connectionsMax} connections`,
      );
    }
    return most;
  }

  /** SIGHUP. The files are followed anyway: this is for whoever wants to be sure. */
  private reload(): void {
    const tls = this.credentials === undefined ? "" : ", certificate, key";
    this.events.tell(
      nodeEvent.reloading,
      `SIGHUP: reading again: filters${tls}, API keys, identities`,
    );
    void this.access.refresh();
    void this.plane.filters.store.reload();
    void this.credentials?.refresh();
  }

  private tellFrozen(gapMs: number): void {
    const seconds = (gapMs / 1000).toFixed(0);
    const text = `the node did not run for ${seconds} s: it was stopped, or its machine was; no deadline counts this time`;
    this.events.tell(nodeEvent.frozen, text, { gapMs: Math.round(gapMs) });
  }

  private startTimers(): () => void {
    const { board, plane, events, clock, config } = this;
    const watch = setInterval(() => {
      for (const shard of this.shards) shard.watch();
    }, watchIntervalMs);
    const failures = new FailureTable(this.failures);
    const dating = setInterval(() => failures.setTime(clock.monotonicMs()), limits.accessClockMs);
    const stats = new StatsReporter({
      board,
      roster: plane.roster,
      subscribers: () => plane.subscribers.totals(),
      events,
      clock,
      recordCapacityBytes: limits.recordRingBytes,
      hunters: config.logFormat === "json",
    });
    const reporting = config.stats
      ? setInterval(() => stats.report(), config.statsIntervalMs)
      : undefined;
    const offRequests = onRequestSignals({
      report: () => {
        stats.report();
        this.recorder?.report(false);
      },
      sync: () => this.recorder?.report(true),
    });
    return () => {
      clearInterval(watch);
      clearInterval(dating);
      clearInterval(reporting);
      offRequests();
    };
  }

  /** The stop (docs/architecture.md#the-stop); returns how many accepted packets are not written. */
  private async stop(signal: string): Promise<number> {
    const { board, events, clock } = this;
    const begun = clock.monotonicMs();
    events.tell(
      nodeEvent.stopping,
      `${signal}: stopping; hunters are paused, and what they sent is written`,
    );
    this.plane.beginStop();
    await Promise.all(this.shards.map((shard) => shard.ask("drain")));
    // Shards that wait for room in the queue wait for the recorder too: that is not waited for twice.
    const endsMs = begun + limits.drainReadMsMax + limits.drainRecorderMsMax;
    await this.recorder?.drain(Math.max(limits.drainQuietMs, endsMs - clock.monotonicMs()));
    await Promise.all(this.shards.map((shard) => shard.ask("finish")));
    const { ingest, recorder, rejected, inFlight, held } = readAccounts(board);
    const unwritten = this.recorder === undefined ? 0 : inFlight + held;
    events.tell(nodeEvent.stopped, `stopped within ${Math.round(clock.monotonicMs() - begun)} ms`, {
      received: ingest.packetsReceived,
      accepted: ingest.packetsAccepted,
      rejected,
      acknowledged: ingest.packetsAcked,
      ...(this.recorder === undefined
        ? {}
        : {
            written: recorder.packetsWritten,
            unwritten,
            deleted: recorder.packetsDeleted,
            file: this.recorder.path,
          }),
    });
    return unwritten;
  }
}
