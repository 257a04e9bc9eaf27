/**
 * The shard's end of the tunnel: every RPC that control answers is carried to it as opaque bytes
 * (`wire/tunnel.ts`), at most `limits.tunnelUnreadMessagesMax` unread messages each way.
 */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { MessagePort } from "node:worker_threads";
import type { DescService } from "@bufbuild/protobuf";
import type { Authorization, AuthorizedRpc } from "../access/gate.ts";
import { limits } from "../config/limits.ts";
import { noteAbandoned, noteGarbage } from "../pipeline/collect.ts";
import type { TunnelRequest, TunnelResponse } from "../wire/tunnel.ts";
import { peerOf } from "./connections.ts";
import { keyHeader } from "./credentials.ts";
import type { RpcHandler } from "./gated-rpc.ts";
import { refuseGrpc } from "./grpc-response.ts";
import type { MessageRoom } from "./message-budget.ts";
import { TunnelRpc, type Unread } from "./tunnel-rpc.ts";

export interface ControlTunnelOptions {
  readonly port: MessagePort;
  /** What a client has of the room for large messages. */
  readonly roomOf: (session: ServerHttp2Session) => MessageRoom;
  readonly messageBytesMax: number;
  /** Counts an RPC of that client; the reason when it has too many, else what ends the count. */
  readonly enter: (session: ServerHttp2Session) => string | (() => void);
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const resourceExhausted = 8;

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
    return methods.map(({ name, methodKind }) => {
      const path = `/${service.typeName}/${name}`;
      const isOneRequest = methodKind === "unary" || methodKind === "server_streaming";
      return [
        path,
        (http, session, headers, authorization) =>
          this.open(path, isOneRequest, http, session, headers, authorization),
      ];
    });
  }

  /** Ends every open RPC, as control is gone or the node stops. */
  endAll(code: number, message: string): void {
    for (const [id, rpc] of this.rpcs) {
      rpc.onResponse({ kind: "status", id, code, message });
    }
  }

  /** Ends RPCs whose clients stand still; called every few seconds. */
  sweep(now: number): void {
    for (const rpc of this.rpcs.values()) rpc.sweep(now);
  }

  private onResponse(response: TunnelResponse): void {
    this.rpcs.get(response.id)?.onResponse(response);
    if (response.kind !== "message") return;
    const bytes = response.bytes.length;
    if (bytes < limits.answerCountedBytesMin) return;
    noteGarbage(2 * bytes);
    this.options.port.postMessage({ kind: "taken", bytes } satisfies TunnelRequest);
  }

  private open(
    path: string,
    isOneRequest: boolean,
    http: ServerHttp2Stream,
    session: ServerHttp2Session,
    headers: IncomingHttpHeaders,
    { caller }: Authorization,
  ): AuthorizedRpc | undefined {
    const { port, roomOf, messageBytesMax, now } = this.options;
    const isFull = this.rpcs.size >= limits.tunnelRpcsMax;
    const leave = isFull ? "too many open calls" : this.options.enter(session);
    if (typeof leave === "string") {
      refuseGrpc(http, { code: resourceExhausted, message: leave });
      return undefined;
    }
    const id = this.nextId++;
    const post = (request: TunnelRequest) => port.postMessage(request);
    post({
      kind: "open",
      id,
      path,
      peer: peerOf(session.socket),
      caller,
      metadata: metadataOf(headers),
    });
    const rpc = new TunnelRpc(http, {
      id,
      room: roomOf(session),
      messageBytesMax: Math.min(messageBytesMax, limits.controlMessageBytesMax),
      isOneRequest,
      unread: this.unread,
      post,
      makeRoom: (bytes) => this.makeRoom(bytes),
      onClosed: () => {
        this.rpcs.delete(id);
        leave();
      },
      now,
    });
    this.rpcs.set(id, rpc);
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

/** Headers but HTTP/2's own, as gRPC calls them, and without the secret. */
function metadataOf(headers: IncomingHttpHeaders): (readonly [string, string])[] {
  return Object.entries(headers)
    .filter(([name]) => !name.startsWith(":") && name !== keyHeader)
    .map(([name, value]) => [name, String(value)] as const);
}
