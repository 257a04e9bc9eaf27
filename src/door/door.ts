/**
 * The gRPC front door of a shard: the listener that shares the node's port, its connections, and the
 * calls on them. StreamPackets and SubscribePackets are served here; every other call goes to control.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { MessagePort } from "node:worker_threads";
import * as grpc from "@grpc/grpc-js";
import type { Admission, AdmittedCall, Gate } from "../access/gate.ts";
import { limits } from "../config/limits.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { Fanout } from "../fanout/fanout.ts";
import type { Ingest, IngestNote } from "../ingest/ingest.ts";
import type { AddressCounts } from "../pipeline/address-counts.ts";
import { type Board, type BoardRow, shardCounter } from "../pipeline/board.ts";
import { Health } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { CallQueue } from "./call-queue.ts";
import { Connections, peerOf } from "./connections.ts";
import { ControlTunnel } from "./control-tunnel.ts";
import { type CallHandler, gatedCall } from "./gated-call.ts";
import { refuseGrpc } from "./grpc-response.ts";
import { createGrpcServer, type HotStreamHandler } from "./http-server.ts";
import { createListener, type Listener } from "./listener.ts";
import { LiveView } from "./live-view.ts";
import { MessageBudget, type MessageRoom } from "./message-budget.ts";
import { PacketStream } from "./packet-stream.ts";

const packetsPath = "/lippycat.data.DataService/StreamPackets";
const liveViewPaths = [
  "/lippycat.data.DataService/SubscribePackets",
  "/lippycat.monitoring.MonitoringService/SubscribePackets",
];
const refused = shardCounter("streamsRefused");
const sweepIntervalMs = 1000;

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  /** Without them the door is plain. */
  readonly credentials?: ServerCredentials | undefined;
  readonly messageBytesMax: number;
  /** Says who may make which call. */
  readonly gate: Gate;
  readonly ingest: Ingest;
  readonly fanout: Fanout;
  /** Connections over all shards. */
  readonly connectionsMax: number;
  /** Live views over all shards. */
  readonly subscribersMax: number;
  readonly board: Board;
  readonly row: BoardRow;
  readonly addresses: AddressCounts;
  readonly control: MessagePort;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly note?: IngestNote;
}

export class Door {
  private readonly options: DoorOptions;
  private readonly server: grpc.Server;
  private readonly tunnel: ControlTunnel;
  private readonly listener: Listener;
  private readonly connections: Connections;
  /** Calls with deadlines. */
  private readonly packetStreams = new Set<PacketStream>();
  private readonly liveViews = new Set<LiveView>();
  private readonly budget: MessageBudget;
  private readonly sweeper: ReturnType<typeof setInterval>;

  constructor(options: DoorOptions) {
    this.options = options;
    const share = Math.floor(limits.largeMessagesBytesMax / options.board.shards);
    this.budget = new MessageBudget(Math.max(share, options.messageBytesMax));
    this.connections = new Connections({
      ...options,
      refused: (reason, peer) => options.note?.("connection-refused", reason, { peer }),
      foreign: (peer) => this.noteForeign(peer),
    });
    this.tunnel = new ControlTunnel({
      port: options.control,
      roomOf: (session) => this.roomOf(session),
      messageBytesMax: options.messageBytesMax,
      enter: (session) => this.enterCall(session),
      now: options.now,
    });
    this.server = createGrpcServer({
      messageBytesMax: options.messageBytesMax,
      hotPaths: this.hotPaths(),
      onSession: (session) => this.connections.begin(session),
      onCall: (session, stream) => this.connections.count(session, stream),
      queue: new CallQueue({
        now: options.now,
        drop: (session) => this.connections.end(session, "too many of its calls wait"),
      }),
    });
    const injector = this.server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    this.listener = createListener({
      credentials: options.credentials,
      admit: (socket) => this.connections.admit(socket),
      accept: (socket) => injector.injectConnection(socket),
      refuse: (reason, socket) => {
        options.note?.("handshake-failed", `TLS: ${reason}`, { peer: peerOf(socket) });
      },
    });
    this.sweeper = setInterval(() => this.sweep(), sweepIntervalMs);
  }

  /** Resolves when the shard's listener shares the port; rejects with the system's error. */
  listen(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      const { server } = this.listener;
      server.once("error", reject);
      server.listen({ host, port, reusePort: true }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  /** Of a door with TLS: what the next handshakes use; connections that are open go on. */
  setCredentials(credentials: ServerCredentials): void {
    this.listener.setCredentials(credentials);
  }

  /** No new connection from here on; those that are open go on. */
  closeListener(): void {
    this.listener.server.close();
  }

  /** Ends every call and connection; resolves when the sockets are gone or the time is over. */
  async close(timeoutMs: number): Promise<void> {
    clearInterval(this.sweeper);
    this.listener.server.close();
    this.tunnel.endAll(grpc.status.UNAVAILABLE, "the node stops");
    const deadline = this.options.now() + timeoutMs;
    this.server.tryShutdown(() => {});
    while (this.connections.size > 0 && this.options.now() < deadline) await Bun.sleep(10);
    this.connections.destroyAll();
    this.server.forceShutdown();
  }

  private hotPaths(): Map<string, HotStreamHandler> {
    const { tunnel, connections, options } = this;
    const served: [string, CallHandler][] = [
      [
        packetsPath,
        (stream, session, _, admission) => this.onPacketStream(stream, session, admission),
      ],
      ...liveViewPaths.map((path): [string, CallHandler] => [
        path,
        (stream, session) => this.onLiveView(stream, session),
      ]),
      ...tunnel.handlers(ManagementService),
      ...tunnel.handlers(Health),
      ...tunnel.handlers(ServerReflection),
      ...tunnel.handlers(ServerReflectionAlpha),
      ...tunnel.handlers(MonitoringService, ["SubscribePackets"]),
      ...tunnel.handlers(DataService, ["StreamPackets", "SubscribePackets"]),
    ];
    const called = (session: ServerHttp2Session, { isGuest }: Admission): void => {
      connections.called(session, isGuest);
    };
    return new Map(
      served.map(([path, handle]) => [path, gatedCall(path, options.gate, called, handle)]),
    );
  }

  /** A connection whose bytes are not HTTP/2. */
  private noteForeign(peer: string): void {
    const { credentials, note } = this.options;
    const guess = credentials === undefined ? "TLS, which this node does not speak, or " : "";
    const text = `what came is not HTTP/2: ${guess}another protocol`;
    note?.("handshake-failed", text, { peer });
  }

  private onPacketStream(
    http: ServerHttp2Stream,
    session: ServerHttp2Session,
    admission: Admission,
  ): AdmittedCall | undefined {
    const { board, row, addresses } = this.options;
    const slot = this.slotOf(session);
    const isIn = addresses.enter(slot, "streams");
    if (!isIn || !board.enter(row, "streams", limits.streamsMax)) {
      if (isIn) addresses.leave(slot, "streams");
      row.counters[refused] = (row.counters[refused] as number) + 1;
      const text = isIn
        ? `more than ${limits.streamsMax} packet streams`
        : `more than ${limits.streamsPerAddressMax} packet streams of one address`;
      this.options.note?.("stream-refused", text, { peer: peerOf(session.socket) });
      refuseGrpc(http, { code: grpc.status.RESOURCE_EXHAUSTED, message: text });
      return undefined;
    }
    http.once("close", () => {
      addresses.leave(slot, "streams");
      board.leave(row, "streams");
    });
    const stream = new PacketStream(http, {
      ingest: this.options.ingest,
      room: this.roomOf(session),
      messageBytesMax: this.options.messageBytesMax,
      peer: peerOf(session.socket),
      now: this.options.now,
      refusalOf: admission.refusalOf,
    });
    this.packetStreams.add(stream);
    http.once("close", () => this.packetStreams.delete(stream));
    return {
      end: (refusal) => stream.revoke(refusal),
      reconsider: () => {
        stream.reconsider();
        return true;
      },
    };
  }

  private onLiveView(
    http: ServerHttp2Stream,
    session: ServerHttp2Session,
  ): AdmittedCall | undefined {
    const { board, row, fanout, subscribersMax, now } = this.options;
    const isFull = this.liveViews.size >= limits.subscribersMax;
    const leave = isFull ? "too many live views" : this.enterCall(session);
    if (typeof leave === "string") {
      refuseGrpc(http, { code: grpc.status.RESOURCE_EXHAUSTED, message: leave });
      return undefined;
    }
    const view = new LiveView(http, {
      fanout,
      room: this.roomOf(session),
      peer: peerOf(session.socket),
      enter: () => board.enter(row, "subscribers", subscribersMax),
      leave: () => board.leave(row, "subscribers"),
      subscribersMax,
      now,
    });
    this.liveViews.add(view);
    http.once("close", () => {
      this.liveViews.delete(view);
      leave();
    });
    return view;
  }

  /** A call of that client that control answers, or a live view. */
  private enterCall(session: ServerHttp2Session): string | (() => void) {
    const { addresses } = this.options;
    const slot = this.slotOf(session);
    if (addresses.enter(slot, "calls")) return () => addresses.leave(slot, "calls");
    return `more than ${limits.rpcsPerAddressMax} open calls of one address`;
  }

  private roomOf(session: ServerHttp2Session): MessageRoom {
    return this.budget.of(this.slotOf(session));
  }

  private slotOf(session: ServerHttp2Session): number {
    return this.options.addresses.slotOf(session.socket.remoteAddress ?? "");
  }

  private sweep(): void {
    const now = this.options.now();
    this.connections.sweep();
    this.tunnel.sweep(now);
    for (const stream of this.packetStreams) stream.sweep(now);
    for (const view of this.liveViews) view.sweep(now);
  }
}
