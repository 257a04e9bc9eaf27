/**
 * The gRPC front door of a shard: the listener that shares the node's port, its connections, and the
 * calls on them. StreamPackets is served here; every other call is carried to control.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type net from "node:net";
import type { MessagePort } from "node:worker_threads";
import * as grpc from "@grpc/grpc-js";
import { errorText } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { Fanout } from "../fanout/fanout.ts";
import type { Ingest, IngestNote } from "../ingest/ingest.ts";
import { type Board, type BoardRow, shardCounter } from "../pipeline/board.ts";
import { Health } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { ControlTunnel } from "./control-tunnel.ts";
import { refuseGrpc } from "./grpc-response.ts";
import { createGrpcServer, type HotStreamHandler } from "./http-server.ts";
import { createListener, type Listener } from "./listener.ts";
import { LiveView } from "./live-view.ts";
import { MessageBudget } from "./message-budget.ts";
import { PacketStream } from "./packet-stream.ts";

const packetsPath = "/lippycat.data.DataService/StreamPackets";
const liveViewPaths = [
  "/lippycat.data.DataService/SubscribePackets",
  "/lippycat.monitoring.MonitoringService/SubscribePackets",
];
const refused = shardCounter("streamsRefused");
const sweepIntervalMs = 2000;
/** After its session a socket gets this long to close by itself. */
const socketGraceMs = 1000;

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  /** Without them the door is plain. */
  readonly credentials?: ServerCredentials | undefined;
  readonly messageBytesMax: number;
  readonly ingest: Ingest;
  readonly fanout: Fanout;
  /** Live views over all shards. */
  readonly subscribersMax: number;
  readonly board: Board;
  readonly row: BoardRow;
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
  /** By `address:port` of the client: HTTP/2 hides the socket of a session. */
  private readonly sockets = new Map<string, net.Socket>();
  private readonly packetStreams = new Set<PacketStream>();
  private readonly budget: MessageBudget;
  private readonly sweeper: ReturnType<typeof setInterval>;

  constructor(options: DoorOptions) {
    this.options = options;
    const share = Math.floor(limits.largeMessagesBytesMax / options.board.shards);
    this.budget = new MessageBudget(Math.max(share, options.messageBytesMax));
    this.server = createGrpcServer({
      messageBytesMax: options.messageBytesMax,
      hotPaths: this.hotPaths(),
      onSession: (session) => this.onSession(session),
    });
    this.tunnel = new ControlTunnel(options.control);
    this.tunnel.serve(this.server, ManagementService);
    this.tunnel.serve(this.server, Health);
    this.tunnel.serve(this.server, ServerReflection);
    this.tunnel.serve(this.server, ServerReflectionAlpha);
    this.tunnel.serve(this.server, MonitoringService, ["SubscribePackets"]);
    this.tunnel.serve(this.server, DataService, ["StreamPackets", "SubscribePackets"]);
    const injector = this.server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    this.listener = createListener({
      credentials: options.credentials,
      admit: (socket) => this.admit(socket),
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
    while (this.sockets.size > 0 && this.options.now() < deadline) await Bun.sleep(10);
    for (const socket of this.sockets.values()) socket.destroy();
    this.server.forceShutdown();
  }

  private hotPaths(): Map<string, HotStreamHandler> {
    const onLiveView: HotStreamHandler = (stream, session) => this.onLiveView(stream, session);
    return new Map([
      [packetsPath, (stream, session) => this.onPacketStream(stream, session)],
      ...liveViewPaths.map((path) => [path, onLiveView] as const),
    ]);
  }

  private admit(socket: net.Socket): boolean {
    const { board, row } = this.options;
    if (!board.enter(row, "connections", limits.connectionsMax)) {
      const text = `more than ${limits.connectionsMax} connections`;
      this.options.note?.("connection-refused", text, { peer: peerOf(socket) });
      socket.destroy();
      return false;
    }
    const peer = peerOf(socket);
    this.sockets.set(peer, socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      // A port of the client may be in use again before its old socket is gone.
      if (this.sockets.get(peer) === socket) this.sockets.delete(peer);
      board.leave(row, "connections");
    });
    return true;
  }

  private onSession(session: ServerHttp2Session): void {
    const peer = peerOf(session.socket);
    const socket = this.sockets.get(peer);
    // The session of a dead peer ends by keepalive, but Bun leaves its socket open.
    session.once("close", () => setTimeout(() => socket?.destroy(), socketGraceMs).unref());
    session.on("error", (error) => {
      // Bun's words for bytes that are not the preface of HTTP/2 (RFC 9113 section 3.4).
      if (errorText(error).includes("client magic")) this.noteForeign(peer);
      session.destroy();
    });
  }

  private noteForeign(peer: string): void {
    const { credentials, note } = this.options;
    const guess = credentials === undefined ? "TLS, which this node does not speak, or " : "";
    const text = `what came is not HTTP/2: ${guess}another protocol`;
    note?.("handshake-failed", text, { peer });
  }

  private onPacketStream(http: ServerHttp2Stream, session: ServerHttp2Session): void {
    const { board, row } = this.options;
    if (!board.enter(row, "streams", limits.streamsMax)) {
      row.counters[refused] = (row.counters[refused] as number) + 1;
      const text = `more than ${limits.streamsMax} packet streams`;
      this.options.note?.("stream-refused", text, { peer: peerOf(session.socket) });
      refuseGrpc(http, { code: grpc.status.RESOURCE_EXHAUSTED, message: text });
      return;
    }
    http.once("close", () => board.leave(row, "streams"));
    const stream = new PacketStream(http, {
      ingest: this.options.ingest,
      budget: this.budget,
      messageBytesMax: this.options.messageBytesMax,
      peer: peerOf(session.socket),
      now: this.options.now,
    });
    this.packetStreams.add(stream);
    http.once("close", () => this.packetStreams.delete(stream));
  }

  private onLiveView(http: ServerHttp2Stream, session: ServerHttp2Session): void {
    const { board, row, fanout, subscribersMax } = this.options;
    new LiveView(http, {
      fanout,
      budget: this.budget,
      peer: peerOf(session.socket),
      enter: () => board.enter(row, "subscribers", subscribersMax),
      leave: () => board.leave(row, "subscribers"),
      subscribersMax,
    });
  }

  private sweep(): void {
    const now = this.options.now();
    for (const stream of this.packetStreams) stream.sweep(now);
  }
}

function peerOf({ remoteAddress, remotePort }: Pick<net.Socket, "remoteAddress" | "remotePort">) {
  return `${remoteAddress ?? "unknown"}:${remotePort ?? 0}`;
}
