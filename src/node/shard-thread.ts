/** Control's view of one shard: starts its thread, watches it, starts it anew when it dies. */
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { createBackoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { errorText, WeirError } from "../base/errors.ts";
import { spawnWorker } from "../base/spawn-worker.ts";
import type { AccessRules } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import { dispatch, type Routes } from "../control/dispatch.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { SubscriberReport } from "../fanout/subscriber-report.ts";
import type { HunterReport } from "../ingest/hunter-table.ts";
import type { BoardRow } from "../pipeline/board.ts";
import type { SipReport } from "../sip-calls/sip-sighting.ts";
import type { Events } from "../telemetry/events.ts";
import type { Log } from "../telemetry/log.ts";
import { nodeEvent } from "./events.ts";
import { bindError } from "./port-check.ts";
import type { ShardCommand, ShardFault, ShardReport, ShardStart } from "./shard-messages.ts";

export interface ShardThreadOptions {
  readonly start: Omit<ShardStart, "tunnel" | "access">;
  /** Who may call, at the moment. */
  readonly access: () => AccessRules;
  readonly row: BoardRow;
  readonly routes: Routes;
  /** Takes what the thread logs. */
  readonly log: Log;
  readonly events: Events;
  readonly clock: Clock;
  readonly onHunters: (hunters: readonly HunterReport[]) => void;
  /** The thread is gone, and with it every RPC that it had. */
  readonly onLost: () => void;

  readonly onSip: (report: SipReport) => void;
  readonly onSubscribers: (subscribers: readonly SubscriberReport[]) => void;
  /** The thread listens, for the first time or again. */
  readonly onListening: () => void;
}

/** A thread that turns answers within these, whatever the disk does. */
const answerMsMax = {
  drain: limits.drainReadMsMax + limits.drainRecorderMsMax + limits.drainQuietMs,
  finish: limits.drainCloseMsMax + limits.drainQuietMs,
} as const;

export class ShardThread {
  restarts = 0;
  /** True from its first word to its end. */
  isListening = false;
  private readonly options: ShardThreadOptions;
  private readonly backoff;
  private credentials: ServerCredentials | undefined;
  private worker: Worker | undefined = undefined;
  private waiting = new Map<ShardReport["kind"], () => void>();
  private beats = -1;
  private beatsAtMs = 0;
  private stopping = false;

  constructor(options: ShardThreadOptions) {
    this.options = options;
    this.credentials = options.start.credentials;
    this.backoff = createBackoff({ minMs: 100, maxMs: 10_000, clock: options.clock });
  }

  /** Resolves when the shard listens; rejects when it cannot. Only for the first start. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.spawn(resolve, reject));
  }

  /** Sends `drain` or `finish` and waits for its answer; a thread that gives none is ended. */
  ask(kind: "drain" | "finish"): Promise<void> {
    this.stopping = true;
    const { worker } = this;
    if (worker === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(() => this.endHung(), answerMsMax[kind]);
      this.waiting.set(kind === "drain" ? "drained" : "finished", () => {
        clearTimeout(late);
        resolve();
      });
      worker.postMessage({ kind } satisfies ShardCommand);
    });
  }

  /** Ends the thread without waiting for anything; it is not started again. */
  terminate(): void {
    this.stopping = true;
    void this.worker?.terminate();
  }

  /** Ends the packet streams that carry that hunter alone. */
  endHunter(hunterId: string, reason: string): void {
    this.worker?.postMessage({ kind: "end-hunter", hunterId, reason } satisfies ShardCommand);
  }

  /** What the thread's next TLS handshakes use, and those of the thread that takes its place. */
  setCredentials(credentials: ServerCredentials): void {
    this.credentials = credentials;
    this.worker?.postMessage({ kind: "credentials", credentials } satisfies ShardCommand);
  }

  /** Who may call from here on. */
  setAccess(rules: AccessRules): void {
    this.worker?.postMessage({ kind: "access", rules } satisfies ShardCommand);
  }

  /** Gives the thread its end of the link to another shard. */
  link(shard: number, port: MessagePort): void {
    this.worker?.postMessage({ kind: "peer", shard, port } satisfies ShardCommand, [port]);
  }

  /** Only in builds with FAULTS. */
  fault(fault: ShardFault): void {
    this.worker?.postMessage({ kind: "fault", fault } satisfies ShardCommand);
  }

  /** A thread whose loop does not turn is ended; its exit starts it anew. Called every few seconds. */
  watch(): void {
    const now = this.options.clock.monotonicMs();
    const beats = this.options.row.beats();
    if (beats !== this.beats || this.worker === undefined) {
      this.beats = beats;
      this.beatsAtMs = now;
    } else if (now - this.beatsAtMs > limits.threadSilenceMsMax) {
      this.beatsAtMs = now;
      this.endHung();
    }
  }

  private endHung(): void {
    const { start, events } = this.options;
    const { shard } = start;
    events.tell(nodeEvent.shardHung, `ingest shard ${shard} hangs; the node ends it`, { shard });
    void this.worker?.terminate();
  }

  private spawn(onListening: () => void, onFailure: (error: Error) => void): void {
    const { start, routes, log, events } = this.options;
    const channel = new MessageChannel();
    dispatch(channel.port1, routes);
    const worker = spawnWorker("node/shard.worker", {
      workerData: {
        ...start,
        credentials: this.credentials,
        access: this.options.access(),
        tunnel: channel.port2,
      } satisfies ShardStart,
      transferList: [channel.port2],
    });
    this.worker = worker;
    let answered = false;
    worker.on("message", (report: ShardReport) => {
      switch (report.kind) {
        case "listening":
          this.backoff.reset();
          answered = true;
          this.isListening = true;
          this.options.onListening();
          onListening();
          return;
        case "listen-failed":
          answered = true;
          onFailure(bindError(start.listen, { code: report.code, message: report.message }));
          return;
        case "hunters":
          this.options.onHunters(report.hunters);
          return;
        case "sip":
          this.options.onSip(report);
          return;
        case "subscribers":
          this.options.onSubscribers(report.subscribers);
          return;
        case "log":
          log.writeRecord(report.record);
          return;
        case "events":
          events.add(report.counts);
          return;
        case "drained":
        case "finished":
          this.waiting.get(report.kind)?.();
          this.waiting.delete(report.kind);
      }
    });
    // The exit event follows; what the error says is worth a line of its own.
    worker.on("error", (error) => {
      const text = errorText(error);
      events.tell(nodeEvent.shardFailed, `ingest shard ${start.shard} failed: ${text}`, {
        shard: start.shard,
      });
    });
    worker.on("exit", () => {
      channel.port1.close();
      if (!answered && !this.stopping) {
        onFailure(new WeirError("shard-lost", `ingest shard ${start.shard} did not start`));
      }
      this.onExit();
    });
  }

  private onExit(): void {
    this.isListening = false;
    this.worker = undefined;
    this.options.onLost();
    for (const resolve of this.waiting.values()) resolve();
    this.waiting.clear();
    if (this.stopping) return;
    const { start, events } = this.options;
    const delay = this.backoff.next();
    this.restarts++;
    const text = `ingest shard ${start.shard} ended; the node starts it again, and its hunters reconnect`;
    events.tell(nodeEvent.shardRestarting, text, { shard: start.shard, restarts: this.restarts });
    setTimeout(() => {
      if (this.stopping) return;
      this.spawn(
        () => events.tell(nodeEvent.shardListening, `ingest shard ${start.shard} listens again`),
        (error) => {
          events.tell(nodeEvent.shardNotListening, error.message, { shard: start.shard });
          void this.worker?.terminate();
        },
      );
    }, delay);
  }
}
