/** The connection of a hunter, made again after each failure. */

import { Code, ConnectError } from "@connectrpc/connect";
import { type Backoff, createBackoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { counted } from "../base/counted.ts";
import { limits } from "../config/limits.ts";
import type { RpcEnd } from "../dial/dial-reason.ts";
import type { Dialer } from "../dial/dialer.ts";
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import { isForeign } from "../grpc/rpc-reason.ts";
import type { Events } from "../telemetry/events.ts";
import type { RoomEvent } from "../telemetry/room-events.ts";
import type {
  HunterHeartbeat,
  HunterRegistration,
  RegistrationResponse,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { huntEvent } from "./events.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnTraffic } from "./own-traffic.ts";
import { PacketStream } from "./packet-stream.ts";
import { connectProcessor, type ProcessorClient } from "./processor-client.ts";
import { isRejection, judgeOldest } from "./rejection.ts";
import type { Tally } from "./tally.ts";

export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "streaming"; readonly stream: PacketStream }
  | { readonly kind: "waiting" }
  | { readonly kind: "closed" };

export interface LinkOptions {
  readonly dialer: Dialer;
  readonly outbox: Outbox;
  readonly tally: Tally;
  /** Learns the connections that carry packets. */
  readonly own: OwnTraffic;
  readonly events: Events;
  readonly clock: Clock;
  readonly registration: () => HunterRegistration;
  readonly heartbeat: () => HunterHeartbeat;
  readonly heartbeatMs: number;
  readonly reconnectMsMin: number;
}

type OpenPackets = Awaited<ReturnType<ProcessorClient["openPackets"]>>;

/** The status of a stream that ended in order. */
const ok = 0;

/** The connection to the processor: made anew, for ever, until there is nothing left to send. */
export class Link {
  state: LinkState = { kind: "connecting" };
  private readonly options: LinkOptions;
  private readonly dialer: Dialer;
  private readonly backoff: Backoff;
  private oneByOne = 0;
  private finishing = false;
  private aborted = false;
  private connections = 0;
  /** What was told since the last connection, so that it is told once. */
  private readonly toldTroubles = new Set<string>();
  /** The API key that was not taken, and until when it is not shown again. */
  private refusedKey = { number: 0, untilMs: 0 };
  private refusal = "";
  private refusalToldMs = Number.NEGATIVE_INFINITY;
  private interrupt: () => void = () => {};

  constructor(options: LinkOptions) {
    this.options = options;
    this.dialer = options.dialer;
    this.backoff = createBackoff({
      minMs: options.reconnectMsMin,
      maxMs: Math.max(options.reconnectMsMin, limits.huntReconnectMsMax),
      clock: options.clock,
    });
  }

  /** Ends when the work is done (`finish`) or given up (`abort`). Never rejects for the network. */
  async run(): Promise<void> {
    while (!this.isDone()) {
      this.state = { kind: "connecting" };
      const client = connectProcessor(this.dialer, (ends) => this.options.own.add(ends));
      try {
        if (await this.register(client)) await this.stream(client);
      } finally {
        client.close();
      }
      if (this.isDone()) break;
      this.state = { kind: "waiting" };
      do {
        await this.pause(this.backoff.next());
        await this.renew();
      } while (!this.isDone() && this.hasRefusedKey());
    }
    this.state = { kind: "closed" };
  }

  /** No more batches will come: `run` ends when all are acknowledged. */
  finish(): void {
    this.finishing = true;
    this.noticeRemoval();
  }

  /** `run` ends soon, whatever is pending. */
  abort(): void {
    this.aborted = true;
    this.interrupt();
  }

  /** To be called when the outbox got a batch. */
  noticePush(): void {
    if (this.state.kind === "streaming") this.state.stream.pump();
  }

  /** To be called when a batch left the outbox. */
  noticeRemoval(): void {
    if (this.isDone()) this.interrupt();
  }

  private isDone(): boolean {
    return this.aborted || (this.finishing && this.options.outbox.length === 0);
  }

  /** A node locks out the address of wrong keys, with all the others that are behind it. */
  private hasRefusedKey(): boolean {
    const { number, untilMs } = this.refusedKey;
    const isShown = number !== 0 && number === this.dialer.keyNumber;
    return isShown && this.options.clock.monotonicMs() < untilMs;
  }

  private async renew(): Promise<void> {
    const reason = await this.dialer.renew();
    if (reason === "") return;
    const text = `${reason}; connecting with the files that were read before`;
    this.options.events.tell(huntEvent.credentialsStale, text);
  }

  private async register(client: ProcessorClient): Promise<boolean> {
    let answer: RegistrationResponse | undefined;
    try {
      const timeoutMs = limits.huntRegisterMsMax;
      const registration = this.options.registration();
      answer = await this.untilDone(client.management.registerHunter(registration, { timeoutMs }));
    } catch (error) {
      this.reportNoRegistration(ConnectError.from(error));
      return false;
    }
    if (answer === undefined) return false;
    if (!answer.accepted) {
      this.reportRefusal(answer.error === "" ? "it gave no reason" : answer.error);
      return false;
    }
    this.toldTroubles.clear();
    this.refusal = "";
    this.connections += 1;
    if (this.connections > 1) this.options.tally.reconnects += 1;
    const processor = answer.config?.processorId ?? "";
    const text = `connected to ${this.dialer.address}${processor === "" ? "" : ` (${processor})`}`;
    this.options.events.tell(huntEvent.connected, text);
    return true;
  }

  private async stream(client: ProcessorClient): Promise<void> {
    const { outbox, tally, events, clock, heartbeat: compose, heartbeatMs } = this.options;
    const open = await this.openPackets(client);
    if (open === undefined) return;
    const oneByOne = this.oneByOne;
    const stream = new PacketStream({ open, outbox, tally, events, clock, oneByOne });
    const startMs = clock.monotonicMs();
    const heartbeat = new Heartbeat({
      open: (beats) => client.management.heartbeat(beats),
      compose,
      intervalMs: heartbeatMs,
    });
    this.state = { kind: "streaming", stream };
    stream.pump();
    const end = await this.untilDone(stream.ended);
    heartbeat.stop();
    if (end === undefined) {
      await this.close(stream);
      return;
    }
    const isGood = stream.acked > 0 || clock.monotonicMs() - startMs >= limits.huntGoodConnectionMs;
    if (isGood) this.backoff.reset();
    this.lost({ code: end.code, details: end.message }, stream.oneByOne);
  }

  private async close(stream: PacketStream): Promise<void> {
    if (!this.aborted) {
      stream.halfClose();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, limits.huntCloseMsMax);
      await Promise.race([stream.ended, late]);
      clearTimeout(timer);
    }
    stream.cancel();
  }

  /** The connection for packets; undefined when there is none, and that was told. */
  private async openPackets(client: ProcessorClient): Promise<OpenPackets | undefined> {
    try {
      return await this.untilDone(client.openPackets());
    } catch (status) {
      const { code, message } = status as GrpcStatus;
      this.lost({ code, details: message }, this.oneByOne);
      return undefined;
    }
  }

  private lost(end: RpcEnd, oneByOne: number): void {
    const { outbox, events } = this.options;
    const { sent } = outbox;
    outbox.rewind();
    this.oneByOne = oneByOne;
    const reason = end.code === ok ? "it closed the stream" : this.dialer.reasonOf(end);
    if (sent > 0 && isRejection(end.code, end.details)) {
      // Which of those under way was meant is known only when they go one at a time.
      this.oneByOne = sent;
      this.judge(reason);
      return;
    }
    const text = `lost the connection to ${this.dialer.address}: ${reason}; reconnecting`;
    events.tell(huntEvent.connectionLost, text, { unacknowledged: outbox.length });
  }

  private judge(reason: string): void {
    const { outbox, tally, events } = this.options;
    const suspect = outbox.oldest;
    const rejected = judgeOldest(outbox);
    if (rejected === undefined) {
      const text = `batch ${suspect?.sequence} was rejected (${reason}); sending it again`;
      events.tell(huntEvent.batchRejected, text);
      return;
    }
    this.backoff.reset();
    tally.batchesSetAside += 1;
    tally.packetsSetAside += rejected.packets;
    const { sequence, packets } = rejected;
    const text = `batch ${sequence} was rejected twice (${reason}); its ${counted(packets, "packet")} are set aside`;
    events.tell(huntEvent.batchSetAside, text, { sequence, packets });
  }

  private reportNoRegistration({ code, rawMessage: details }: ConnectError): void {
    if (code === Code.Unauthenticated) {
      const untilMs = this.options.clock.monotonicMs() + limits.huntRefusedKeyMs;
      this.refusedKey = { number: this.dialer.keyNumber, untilMs };
    }
    const reason = this.dialer.reasonOf({ code, details });
    const isRoad = code === Code.Unavailable || code === Code.DeadlineExceeded;
    if (isRoad || isForeign(details)) this.tell(huntEvent.unreachable, reason);
    else this.reportRefusal(reason);
  }

  private tell(event: RoomEvent, reason: string): void {
    if (this.toldTroubles.has(reason)) return;
    if (this.toldTroubles.size >= limits.huntTroublesMax) this.toldTroubles.clear();
    this.toldTroubles.add(reason);
    const text = `cannot reach ${this.dialer.address}: ${reason}; retrying until a node answers`;
    this.options.events.tell(event, text);
  }

  private reportRefusal(reason: string): void {
    const { clock, events } = this.options;
    const nowMs = clock.monotonicMs();
    if (this.refusal === reason && nowMs - this.refusalToldMs < limits.huntRefusalTellMs) return;
    this.refusal = reason;
    this.refusalToldMs = nowMs;
    const text = `${this.dialer.address} refuses the registration: ${reason}; retrying`;
    events.tell(huntEvent.registrationRefused, text);
  }

  /** What `work` gives, or undefined when the link is done before. */
  private untilDone<T>(work: Promise<T>): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    this.interrupt = () => resolve(undefined);
    work.then(resolve, reject);
    if (this.isDone()) resolve(undefined);
    return promise;
  }

  /** The timer is what keeps the process alive while there is no connection. */
  private async pause(ms: number): Promise<void> {
    const text = `next attempt in ${Math.round(ms)} ms`;
    this.options.events.tell(huntEvent.retry, text);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await this.untilDone(promise);
    clearTimeout(timer);
  }
}
