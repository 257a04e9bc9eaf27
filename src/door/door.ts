/**
 * The gRPC front door of a shard: the listener that shares the node's port, its connections, and the
 * RPCs on them. Packet streams and live views are served here; every other RPC is carried to control.
 */

import type { MessagePort } from "node:worker_threads";
import type { AuthorizedRpc, Gate } from "../access/gate.ts";
import { limits } from "../config/limits.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { Fanout } from "../fanout/fanout.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import { MessageBudget, type MessageRoom } from "../grpc/message-budget.ts";
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
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { ControlTunnel } from "./control-tunnel.ts";
import { doorEvent } from "./events.ts";
import { handshakeLate, Listener } from "./listener.ts";
import { LiveView } from "./live-view.ts";
import { PacketStream } from "./packet-stream.ts";
import { RpcQueue } from "./rpc-queue.ts";
import { type Rpc, type RpcHandler, RpcRoutes } from "./rpc-routes.ts";

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
    const { host, port, credentials, note, now } = options;
    const share = Math.floor(limits.largeMessagesBytesMax / options.board.shards);
    this.budget = new MessageBudget(Math.max(share, options.messageBytesMax));
    this.tunnel = new ControlTunnel({
      port: options.control,
      roomOf: (connection) => this.roomOf(connection),
      messageBytesMax: options.messageBytesMax,
      enter: (connection) => this.enterRpc(connection),
      now,
    });
    const queue = new RpcQueue({
      now,
      drop: (connection) => this.connections.end(connection, "too many of its RPCs wait"),
    });
    const routes = new RpcRoutes({
      handlers: this.handlers(),
      gate: options.gate,
      onAuthorized: (connection, { isGuest }) => this.connections.called(connection, isGuest),
    });
    const handshakeFailed = (reason: string, { peer }: Connection) =>
      note?.(doorEvent.handshakeFailed, `TLS: ${reason}`, { peer });
    this.connections = new Connections({
      ...options,
      closed: (reason, peer) => note?.(doorEvent.connectionClosed, reason, { peer }),
      foreign: (peer) => this.noteForeign(peer),
      handshakeLate: (connection) => {
        connection.destroy();
        handshakeFailed(handshakeLate, connection);
      },
      onStream: (connection, stream, head) => {
        queue.add(connection, stream, () => routes.serve(connection, stream, head));
      },
    });
    this.listener = new Listener({
      host,
      port,
      credentials,
      accept: (socket) => this.connections.accept(socket),
      ready: (connection, certificate) => connection.begin(certificate),
      failed: handshakeFailed,
      closed: (connection) => this.connections.forget(connection),
    });
    this.sweeper = setInterval(() => this.sweep(), sweepIntervalMs);
  }

  /** Begins to share the node's port; throws the system's error. */
  listen(): void {
    this.listener.listen();
  }

  /** Of a door with TLS: what the next handshakes use; connections that are open go on. */
  setCredentials(credentials: ServerCredentials): void {
    this.listener.setCredentials(credentials);
  }

  /** No new connection from here on, and no new RPC on those that are open: these go on. */
  closeListener(): void {
    this.listener.stop();
    this.connections.leave();
  }

  /** A packet stream is in the middle of a message: its client has more to send, and may need a window. */
  get isReceiving(): boolean {
    for (const stream of this.packetStreams) if (stream.isReceiving) return true;
    return false;
  }

  /** Ends every RPC and connection; resolves when the sockets are gone or the time is over. */
  async close(timeoutMs: number): Promise<void> {
    clearInterval(this.sweeper);
    this.listener.stop();
    this.tunnel.endAll({ code: grpcCode.unavailable, message: "the node stops" });
    const deadline = this.options.now() + timeoutMs;
    while (this.connections.size > 0 && this.options.now() < deadline) {
      this.connections.closeIdle();
      await Bun.sleep(10);
    }
    this.connections.destroyAll();
  }

  private handlers(): Map<string, RpcHandler> {
    const { tunnel } = this;
    const liveView: RpcHandler = (rpc, closed) => this.onLiveView(rpc, closed);
    return new Map<string, RpcHandler>([
      [packetsPath, (rpc, closed) => this.onPacketStream(rpc, closed)],
      ...liveViewPaths.map((path): [string, RpcHandler] => [path, liveView]),
      ...tunnel.handlers(ManagementService),
      ...tunnel.handlers(Health),
      ...tunnel.handlers(ServerReflection),
      ...tunnel.handlers(ServerReflectionAlpha),
      ...tunnel.handlers(MonitoringService, ["SubscribePackets"]),
      ...tunnel.handlers(DataService, ["StreamPackets", "SubscribePackets"]),
    ]);
  }

  /** A connection whose bytes are not HTTP/2. */
  private noteForeign(peer: string): void {
    const { credentials, note } = this.options;
    const guess = credentials === undefined ? "TLS, which this node does not speak, or " : "";
    const text = `what came is not HTTP/2: ${guess}another protocol`;
    note?.(doorEvent.handshakeFailed, text, { peer });
  }

  private onPacketStream(
    { connection, stream, authorization }: Rpc,
    closed: () => void,
  ): AuthorizedRpc | GrpcStatus {
    const { board, row, addresses, ingest, messageBytesMax, now } = this.options;
    const { slot, peer } = connection;
    const isIn = addresses.enter(slot, "streams");
    if (!isIn || !board.enter(row, "streams", limits.streamsMax)) {
      if (isIn) addresses.leave(slot, "streams");
      row.counters[refused] = (row.counters[refused] as number) + 1;
      const text = isIn
        ? `more than ${limits.streamsMax} packet streams`
        : `more than ${limits.streamsPerAddressMax} packet streams of one address`;
      this.options.note?.(doorEvent.streamRefused, text, { peer });
      return { code: grpcCode.resourceExhausted, message: text };
    }
    const packets = new PacketStream(stream, {
      ingest,
      room: this.roomOf(connection),
      messageBytesMax,
      peer,
      now,
      refusalOf: authorization.refusalOf,
      onClosed: () => {
        this.packetStreams.delete(packets);
        addresses.leave(slot, "streams");
        board.leave(row, "streams");
        closed();
      },
    });
    this.packetStreams.add(packets);
    return {
      end: (refusal) => packets.revoke(refusal),
      reconsider: () => {
        packets.reconsider();
        return true;
      },
    };
  }

  private onLiveView({ connection, stream }: Rpc, closed: () => void): AuthorizedRpc | GrpcStatus {
    const { board, row, fanout, subscribersMax, now } = this.options;
    const isFull = this.liveViews.size >= limits.subscribersMax;
    const leave = isFull ? "too many live views" : this.enterRpc(connection);
    if (typeof leave === "string") return { code: grpcCode.resourceExhausted, message: leave };
    const view = new LiveView(stream, {
      fanout,
      room: this.roomOf(connection),
      peer: connection.peer,
      enter: () => board.enter(row, "subscribers", subscribersMax),
      leave: () => board.leave(row, "subscribers"),
      subscribersMax,
      now,
      onClosed: () => {
        this.liveViews.delete(view);
        leave();
        closed();
      },
    });
    this.liveViews.add(view);
    return view;
  }

  /** An RPC of that client that control answers, or a live view. */
  private enterRpc({ slot }: Connection): string | (() => void) {
    const { addresses } = this.options;
    if (addresses.enter(slot, "rpcs")) return () => addresses.leave(slot, "rpcs");
    return `more than ${limits.rpcsPerAddressMax} open RPCs of one address`;
  }

  private roomOf({ slot }: Connection): MessageRoom {
    return this.budget.of(slot);
  }

  private sweep(): void {
    const now = this.options.now();
    this.connections.sweep();
    this.tunnel.sweep(now);
    for (const stream of this.packetStreams) stream.sweep(now);
    for (const view of this.liveViews) view.sweep(now);
  }
}
