/** Runs a hunt from start to exit status. */
import { counted } from "../base/counted.ts";
import { errorText } from "../base/errors.ts";
import { signalExitCode } from "../base/stop-signals.ts";
import { CaptureError } from "../capture-format/capture-error.ts";
import type { HuntConfig } from "../config/hunt-config.ts";
import { limits } from "../config/limits.ts";
import { createDialer, type Dialer } from "../dial/dialer.ts";
import { createEvents, type Events } from "../telemetry/events.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { composeHeartbeat, composeRegistration } from "./announcements.ts";
import { BatchEncoder } from "./batch-encoder.ts";
import { type CaptureReader, openCapture } from "./capture-reader.ts";
import { huntEvent } from "./events.ts";
import { Feeder } from "./feeder.ts";
import { type HuntHost, processHost } from "./host.ts";
import { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { OwnTraffic } from "./own-traffic.ts";
import { noProgress, ProgressBar, ProgressLog, type ProgressView } from "./progress.ts";
import { type HuntState, megabytes } from "./progress-line.ts";
import { createTally, type Tally } from "./tally.ts";

/** What `runHunt` answers (sysexits.h); the command line lists them with its own. */
export const huntExitCode = {
  ok: 0,
  /** The input is no capture, is damaged or ends inside a record, or the processor rejected some of it for good. */
  badData: 65,
  noInput: 66,
  /** Ended before everything that was read was acknowledged. */
  unacknowledged: 75,
} as const;

/**
 * Sends a capture to a processor as a hunter does, and returns the exit code. Every trouble is told
 * in one log line; it rejects with a WeirError of `createDialer` alone. After it the process should be ended with `process.exit`,
 * since a read of a silent pipe may still be under way.
 */
export async function runHunt(config: HuntConfig, host: HuntHost = processHost()): Promise<number> {
  const { log, events, progress } = createOutput(config, host);
  const dialer = await createDialer(config.processor, config.dial, host.clock);
  for (const doubt of dialer.warnings) events.tell(huntEvent.credentialsDoubtful, doubt);
  const hunt = new Hunt(config, host, events, progress, dialer);
  const release = host.stopSignals((signal) => {
    if (hunt.requestStop()) return;
    progress.stop();
    host.exit(signalExitCode[signal]);
  });
  try {
    return await hunt.run();
  } finally {
    release();
    progress.stop();
    await log.flush();
  }
}

function createOutput(
  config: HuntConfig,
  host: HuntHost,
): { readonly log: Log; readonly events: Events; readonly progress: ProgressView } {
  const { logLevel: level, logFormat: format } = config;
  const { terminal, clock } = host;
  const wantsBar = config.progress === "bar" || (config.progress === "auto" && format === "text");
  if (terminal !== undefined && wantsBar) {
    const bar = new ProgressBar(terminal, host.colours, clock);
    const write = (line: string): void => bar.writeLine(line);
    const log = host.log ?? createLog({ level, format, write, colours: host.colours, clock });
    return { log, events: createEvents(log, { clock }), progress: bar };
  }
  const log = host.log ?? createLog({ level, format, clock });
  const events = createEvents(log, { clock });
  if (config.progress === "none") return { log, events, progress: noProgress };
  return { log, events, progress: new ProgressLog(events, clock, limits.huntProgressMs) };
}

class Hunt {
  private readonly config: HuntConfig;
  private readonly host: HuntHost;
  private readonly events: Events;
  private readonly progress: ProgressView;
  private readonly tally: Tally = createTally();
  private readonly outbox: Outbox = new Outbox();
  private readonly own: OwnTraffic;
  private readonly feeder: Feeder;
  private readonly link: Link;
  private reader: CaptureReader | undefined;
  /** How often the input was opened: the number of the round under way, from 1 on. */
  private rounds = 0;
  private inputEnded = false;
  private stopping = false;
  private stopTimer: NodeJS.Timeout | undefined;
  private exitCode: number = huntExitCode.ok;

  constructor(
    config: HuntConfig,
    host: HuntHost,
    events: Events,
    progress: ProgressView,
    dialer: Dialer,
  ) {
    this.config = config;
    this.host = host;
    this.events = events;
    this.progress = progress;
    const outbox = this.outbox;
    const tally = this.tally;
    const { clock } = host;
    const encoder = new BatchEncoder(config.hunterId);
    this.own = new OwnTraffic(() => {
      const text =
        "the capture holds packets of the hunter's own connection; they are left out and counted";
      events.tell(huntEvent.ownTraffic, text);
    });
    const { own } = this;
    this.feeder = new Feeder({ ...config, encoder, outbox, tally, own, clock });
    this.link = new Link({
      dialer,
      outbox,
      tally,
      own,
      events,
      clock,
      registration: () => composeRegistration(config, tally, host.version),
      heartbeat: () => composeHeartbeat(config, tally, outbox, clock, this.stopping),
      heartbeatMs: host.heartbeatMs,
      reconnectMsMin: host.reconnectMsMin,
    });
    outbox.onPush = () => this.link.noticePush();
    outbox.onTake = () => this.feeder.noticeRoom();
    outbox.onRemove = () => {
      this.feeder.noticeRoom();
      this.link.noticeRemoval();
    };
  }

  /** Whether the stop goes on in order; false when the process is to end at once. */
  requestStop(): boolean {
    if (this.stopping || this.reader === undefined) return false;
    this.stopping = true;
    this.feeder.stop();
    const { length } = this.outbox;
    const text = `stopping; waiting for ${counted(length, "acknowledgement")}`;
    this.events.tell(huntEvent.stopping, text);
    this.link.finish();
    this.stopTimer = setTimeout(() => this.link.abort(), this.host.stopMsMax);
    return true;
  }

  async run(): Promise<number> {
    const { clock } = this.host;
    const startMs = clock.monotonicMs();
    const reader = await this.open();
    if (reader === undefined) return this.exitCode;
    this.progress.start(() => this.progressNow());
    const linked = this.link.run();
    await this.feed(reader);
    this.inputEnded = true;
    this.link.finish();
    await linked;
    clearTimeout(this.stopTimer);
    this.progress.stop();
    this.events.flush();
    this.summarize(clock.monotonicMs() - startMs);
    return this.exitCode;
  }

  private async feed(first: CaptureReader): Promise<void> {
    const { loopCount } = this.config;
    let reader: CaptureReader | undefined = first;
    while (reader !== undefined) {
      try {
        await this.feeder.readThrough(reader);
      } catch (error) {
        this.failInput(error);
        return;
      }
      // The read of a silent pipe goes on; a file under it must not be closed.
      if (this.stopping) return;
      await reader.close();
      const torn = reader.tornTail();
      if (torn !== undefined) {
        this.exitCode = huntExitCode.badData;
        this.events.tell(huntEvent.tornTail, torn);
      }
      if (this.tally.packetsRead === 0) {
        this.events.tell(huntEvent.noPackets, `${reader.name} holds no packets`);
        return;
      }
      const isLast = loopCount !== 0 && this.rounds >= loopCount;
      reader = isLast ? undefined : await this.open();
    }
  }

  private async open(): Promise<CaptureReader | undefined> {
    try {
      this.reader = await openCapture(this.config.read, this.config.interfaceName);
      this.rounds += 1;
      return this.reader;
    } catch (error) {
      this.failInput(error);
      return undefined;
    }
  }

  private failInput(error: unknown): void {
    const isBad = error instanceof CaptureError;
    this.exitCode = isBad ? huntExitCode.badData : huntExitCode.noInput;
    this.events.tell(huntEvent.inputFailed, errorText(error));
  }

  private summarize(elapsedMs: number): void {
    const tally = this.tally;
    const pending = this.outbox.packets;
    const seconds = elapsedMs / 1000;
    const rate = Math.round(tally.packetsAcked / Math.max(seconds, 0.001));
    const { packets: ownPackets } = this.own;
    const own =
      ownPackets === 0 ? "" : `, ${shown(ownPackets)} of the hunter's own connection left out`;
    const aside = tally.packetsSetAside === 0 ? "" : `, ${shown(tally.packetsSetAside)} set aside`;
    this.events.tell(
      huntEvent.summary,
      `${counted(tally.packetsRead, "packet")} (${megabytes(tally.dataBytesRead)} MB) read, ` +
        `${shown(tally.packetsAcked)} acknowledged${aside}${own} in ${seconds.toFixed(1)} s ` +
        `(${shown(rate)} packets/s)`,
      {
        packets: tally.packetsRead,
        acknowledged: tally.packetsAcked,
        batches: tally.batchesAcked,
        reconnects: tally.reconnects,
        pauses: tally.pauses,
        errors: tally.ackErrors,
        ...(ownPackets === 0 ? {} : { own: ownPackets }),
      },
    );
    if (pending > 0) {
      const text = `${counted(pending, "packet")} not acknowledged`;
      this.events.tell(huntEvent.unacknowledged, text, { packets: pending });
      this.exitCode = huntExitCode.unacknowledged;
    } else if (tally.packetsSetAside > 0) this.exitCode = huntExitCode.badData;
  }

  private progressNow(): ReturnType<Parameters<ProgressView["start"]>[0]> {
    const { packetsRead, packetsAcked, dataBytesRead } = this.tally;
    const state = this.state();
    return { fraction: this.fraction(), packetsRead, packetsAcked, dataBytesRead, state };
  }

  private fraction(): number | undefined {
    const { loopCount } = this.config;
    const size = this.reader?.sizeBytes;
    if (size === undefined || size === 0 || loopCount === 0) return undefined;
    return (this.rounds - 1 + (this.reader?.bytesRead ?? 0) / size) / loopCount;
  }

  private state(): HuntState {
    if (this.stopping) return "stopping";
    const { state } = this.link;
    if (state.kind === "waiting") return "reconnecting";
    if (state.kind !== "streaming") return "connecting";
    if (state.stream.flow.kind === "paused") return "paused";
    if (state.stream.flow.kind === "slow") return "slow";
    return this.inputEnded ? "finishing" : "sending";
  }
}

function shown(count: number): string {
  return count.toLocaleString("en-US");
}
