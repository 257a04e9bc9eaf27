/**
 * The HTTP/2 server of a shard: grpc-js with three changes that its public surface does not offer.
 *
 * - Receive windows of 1 MiB: with the default of 64 KiB a sender stands still most of the time.
 * - RPCs begin when it is their turn (`RpcQueue`).
 * - Streams of the `hotPaths` go to their own handlers instead of grpc-js.
 *
 * They hang on two private members of grpc-js 1.14.7 (`commonServerOptions`, `createHttp2Server`),
 * used here and nowhere else; test/unit/door/http-server.test.ts fails when an update changes them.
 */
import type {
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import { limits } from "../config/limits.ts";
import type { RpcQueue } from "./rpc-queue.ts";

export type HotStreamHandler = (
  stream: ServerHttp2Stream,
  session: ServerHttp2Session,
  headers: IncomingHttpHeaders,
) => void;

export interface HttpServerOptions {
  readonly messageBytesMax: number;
  readonly hotPaths: ReadonlyMap<string, HotStreamHandler>;
  readonly onSession: (session: ServerHttp2Session) => void;
  /** An RPC that waits for its turn, paused. */
  readonly onRpc: (session: ServerHttp2Session, stream: ServerHttp2Stream) => void;
  readonly queue: RpcQueue;
}

interface PrivateServer {
  commonServerOptions: { settings?: object; maxSessionMemory?: number };
  createHttp2Server(credentials: grpc.ServerCredentials): Http2Server;
}

export function createGrpcServer(options: HttpServerOptions): grpc.Server {
  const server = new grpc.Server({
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": Math.min(
      options.messageBytesMax,
      limits.controlMessageBytesMax,
    ),
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": limits.keepaliveIntervalMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
  });
  const inner = server as unknown as PrivateServer;
  assert(typeof inner.commonServerOptions === "object", "grpc-js changed: commonServerOptions");
  assert(typeof inner.createHttp2Server === "function", "grpc-js changed: createHttp2Server");
  inner.commonServerOptions.settings = {
    initialWindowSize: limits.streamWindowBytes,
    maxConcurrentStreams: limits.streamsPerConnectionMax,
    maxHeaderListSize: limits.headerBytesMax,
  };
  const create = inner.createHttp2Server.bind(server);
  inner.createHttp2Server = (credentials) => {
    const http = create(credentials);
    http.on("session", (session) => {
      session.setLocalWindowSize(limits.connectionWindowBytes);
      options.onSession(session);
    });
    divert(http, options);
    return http;
  };
  return server;
}

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
) => void;

/** Puts us before grpc-js' own listener for streams. */
function divert(http: Http2Server, options: HttpServerOptions): void {
  const listeners = http.listeners("stream") as unknown as StreamListener[];
  assert(listeners.length === 1, "grpc-js changed: one listener for streams was expected");
  http.removeAllListeners("stream");
  const onStream: StreamListener = (stream, headers, flags) => {
    const session = stream.session as ServerHttp2Session | undefined;
    if (session === undefined) return;
    const handle = options.hotPaths.get(headers[":path"] ?? "");
    options.queue.add(session, stream, () => {
      if (handle !== undefined && isGrpcPost(headers)) handle(stream, session, headers);
      else for (const listener of listeners) listener.call(http, stream, headers, flags);
    });
    if (!session.destroyed) options.onRpc(session, stream);
  };
  http.on("stream", onStream as never);
}

function isGrpcPost(headers: IncomingHttpHeaders): boolean {
  const type = headers["content-type"];
  const isGrpc = type === "application/grpc" || type?.startsWith("application/grpc+proto") === true;
  return isGrpc && headers[":method"] === "POST";
}
