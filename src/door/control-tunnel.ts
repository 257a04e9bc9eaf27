/**
 * The shard's end of the tunnel: every RPC that control answers is carried to it as opaque bytes
 * (`wire/tunnel.ts`).
 */

import type { MessagePort } from "node:worker_threads";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { AuthorizedRpc } from "../access/gate.ts";
import { limits } from "../config/limits.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import type { MessageRoom } from "../grpc/message-budget.ts";
import { noteAbandoned, noteGarbage } from "../pipeline/collect.ts";
import type { TunnelRequest, TunnelResponse } from "../wire/tunnel.ts";
import type { Connection } from "./connection.ts";
import { keyHeader, type Rpc, type RpcHandler } from "./rpc-routes.ts";
import { TunnelRpc, type Unread } from "./tunnel-rpc.ts";

export interface ControlTunnelOptions {
  readonly port: MessagePort;
  /** What a client has of the room for large messages. */
  readonly roomOf: (connection: Connection) => MessageRoom;
  readonly messageBytesMax: number;
  /** Counts an RPC of that client; the reason when it has too many, else what ends the count. */
  readonly enter: (connection: Connection) => string | (() => void);
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class ControlTunnel {
  private readonly options: ControlTunnelOptions;
  private readonly rpcs = new Map<number, TunnelRpc>();
  private readonly unread: Unread = { requests: 0, answers: 0 };
  private nextId = 1;

  constructor(options: ControlTunnelOptions) {
    this.options = options;
    options.port.on("message", (response: TunnelResponse) => this.onResponse(response));
  }

  /** By path, what carries each method of `service` but those of `except`. */
  handlers(service: DescService, except: readonly string[] = []): [string, RpcHandler][] {
    const methods = service.methods.filter(({ name }) => !except.includes(name));
    return methods.map((method) => [
      `/${service.typeName}/${method.name}`,
      (rpc, closed) => this.open(method, rpc, closed),
    ]);
  }

  /** Ends every open RPC, as control is gone or the node stops. */
  endAll(status: GrpcStatus): void {
    for (const rpc of this.rpcs.values()) rpc.end(status);
  }

  /** Ends RPCs whose clients stand still; called every few seconds. */
  sweep(now: number): void {
    for (const rpc of this.rpcs.values()) rpc.sweep(now);
  }

  private onResponse(response: TunnelResponse): void {
    this.rpcs.get(response.id)?.onResponse(response);
    const bytes = "bytes" in response ? (response.bytes?.length ?? 0) : 0;
    if (bytes < limits.answerCountedBytesMin) return;
    noteGarbage(2 * bytes);
    this.options.port.postMessage({ kind: "taken", bytes } satisfies TunnelRequest);
  }

  private open(
    { methodKind }: DescMethod,
    { path, connection, stream, headers, authorization }: Rpc,
    closed: () => void,
  ): AuthorizedRpc | GrpcStatus {
    const { port, roomOf, messageBytesMax, now } = this.options;
    const isFull = this.rpcs.size >= limits.tunnelRpcsMax;
    const leave = isFull ? "too many open RPCs" : this.options.enter(connection);
    if (typeof leave === "string") return { code: grpcCode.resourceExhausted, message: leave };
    const id = this.nextId++;
    // Headers but HTTP/2's own, as gRPC calls them, and without the secret.
    const metadata = headers.filter(([name]) => name !== keyHeader);
    const { peer } = connection;
    const rpc = new TunnelRpc(stream, {
      opening: { id, path, peer, caller: authorization.caller, metadata },
      isUnary: methodKind === "unary",
      isOneRequest: methodKind === "unary" || methodKind === "server_streaming",
      room: roomOf(connection),
      messageBytesMax: Math.min(messageBytesMax, limits.controlMessageBytesMax),
      unread: this.unread,
      post: (request) => port.postMessage(request),
      makeRoom: (bytes) => this.makeRoom(bytes),
      onClosed: () => {
        this.rpcs.delete(id);
        leave();
        closed();
      },
      now,
    });
    if (!stream.isClosed) this.rpcs.set(id, rpc);
    return rpc;
  }

  /** Ends RPCs whose answers are not read, the longest stuck first, until that many bytes fit. */
  private makeRoom(bytes: number): void {
    while (this.unread.answers > 0) {
      if (this.unread.answers + bytes <= limits.tunnelUnreadAnswerBytesMax) return;
      let stuck: TunnelRpc | undefined;
      for (const rpc of this.rpcs.values()) {
        if (!rpc.hasAnswers) continue;
        if (stuck === undefined || rpc.progressMs < stuck.progressMs) stuck = rpc;
      }
      if (stuck === undefined) return;
      const before = this.unread.answers;
      stuck.abandon();
      noteAbandoned(before - this.unread.answers);
    }
  }
}
