/**
 * The gRPC front door of a shard: the listener that shares the node's port, its connections, and the
 * RPCs on them. StreamPackets is served here; every other RPC is carried to control.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { MessagePort } from "node:worker_threads";
import * as grpc from "@grpc/grpc-js";
import type { Authorization, AuthorizedRpc, Gate } from "../access/gate.ts";
import { limits } from "../config/limits.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { Fanout } from "../fanout/fanout.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { AddressCounts } from "../pipeline/address-counts.ts";
import { type Board, type BoardRow, shardCounter } from "../pipeline/board.ts";
import type { Tell } from "../telemetry/events.ts";
import { Health } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { Connections, peerOf } from "./connections.ts";
import { ControlTunnel } from "./control-tunnel.ts";
import { doorEvent } from "./events.ts";
import { gatedRpc, type RpcHandler } from "./gated-rpc.ts";
import { refuseGrpc } from "./grpc-response.ts";
import { createGrpcServer, type HotStreamHandler } from "./http-server.ts";
import { createListener, type Listener } from "./listener.ts";
import { LiveView } from "./live-view.ts";
import { MessageBudget, type MessageRoom } from "./message-budget.ts";
import { PacketStream } from "./packet-stream.ts";
import { RpcQueue } from "./rpc-queue.ts";

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
  /** Says who may make which RPC. */
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
  readonly note?: Tell;
}

export class Door {
  private readonly options: DoorOptions;
  private readonly server: grpc.Server;
  private readonly tunnel: ControlTunnel;
  private readonly listener: Listener;
  private readonly connections: Connections;
  /** RPCs with deadlines. */
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
      closed: (reason, peer) => options.note?.(doorEvent.connectionClosed, reason, { peer }),
      foreign: (peer) => this.noteForeign(peer),
    });
    this.tunnel = new ControlTunnel({
      port: options.control,
      roomOf: (session) => this.roomOf(session),
      messageBytesMax: options.messageBytesMax,
      enter: (session) => this.enterRpc(session),
      now: options.now,
    });
    this.server = createGrpcServer({
      messageBytesMax: options.messageBytesMax,
      hotPaths: this.hotPaths(),
      onSession: (session) => this.connections.begin(session),
      onRpc: (session, stream) => this.connections.count(session, stream),
      queue: new RpcQueue({
        now: options.now,
        drop: (session) => this.connections.end(session, "too many of its calls wait"),
      }),
    });
    const injector = this.server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    this.listener = createListener({
      credentials: options.credentials,
      accept: (socket) => this.connections.accept(socket),
      ready: (socket) => injector.injectConnection(socket),
      failed: (reason, socket) => {
        options.note?.(doorEvent.handshakeFailed, `TLS: ${reason}`, { peer: peerOf(socket) });
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

  /** Ends every RPC and connection; resolves when the sockets are gone or the time is over. */
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
    const served: [string, RpcHandler][] = [
      [
        packetsPath,
        (stream, session, _, authorization) => this.onPacketStream(stream, session, authorization),
      ],
      ...liveViewPaths.map((path): [string, RpcHandler] => [
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
    const called = (session: ServerHttp2Session, { isGuest }: Authorization): void => {
      connections.called(session, isGuest);
    };
    return new Map(
      served.map(([path, handle]) => [path, gatedRpc(path, options.gate, called, handle)]),
    );
  }

  /** A connection whose bytes are not HTTP/2. */
  private noteForeign(peer: string): void {
    const { credentials, note } = this.options;
    const guess = credentials === undefined ? "TLS, which this node does not speak, or " : "";
    const text = `what came is not HTTP/2: ${guess}another protocol`;
    note?.(doorEvent.handshakeFailed, text, { peer });
  }

  private onPacketStream(
    http: ServerHttp2Stream,
    session: ServerHttp2Session,
    authorization: Authorization,
  ): AuthorizedRpc | undefined {
    const { board, row, addresses } = this.options;
    const slot = this.slotOf(session);
    const isIn = addresses.enter(slot, "streams");
    if (!isIn || !board.enter(row, "streams", limits.streamsMax)) {
      if (isIn) addresses.leave(slot, "streams");
      row.counters[refused] = (row.counters[refused] as number) + 1;
      const text = isIn
        ? `more than ${limits.streamsMax} packet streams`
        : `more than ${limits.streamsPerAddressMax} packet streams of one address`;
      this.options.note?.(doorEvent.streamRefused, text, { peer: peerOf(session.socket) });
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
      refusalOf: authorization.refusalOf,
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
  ): AuthorizedRpc | undefined {
    const { board, row, fanout, subscribersMax, now } = this.options;
    const isFull = this.liveViews.size >= limits.subscribersMax;
    const leave = isFull ? "too many live views" : this.enterRpc(session);
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

  /** An RPC of that client that control answers, or a live view. */
  private enterRpc(session: ServerHttp2Session): string | (() => void) {
    const { addresses } = this.options;
    const slot = this.slotOf(session);
    if (addresses.enter(slot, "rpcs")) return () => addresses.leave(slot, "rpcs");
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
