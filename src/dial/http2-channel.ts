/**
 * One connection to a node on our own HTTP/2, for the RPC that carries packets. It is what grpc-js is for
 * the other RPCs: TLS with the node's name checked, a ping when nothing comes, a status at each end.
 */

import { isIP } from "node:net";
import type { Socket } from "bun";
import { errorText } from "../base/errors.ts";
import type { Endpoint } from "../config/endpoint.ts";
import { limits } from "../config/limits.ts";
import { showEndpoint } from "../config/parse-endpoint.ts";
import { ClientRpc, type ClientRpcOptions } from "../grpc/client-rpc.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import { WindowGrowth } from "../http2/receive-window.ts";
import { Http2Socket } from "../http2/socket.ts";
import { refuseIdentity } from "./server-identity.ts";

/** Both ends of a TCP connection. */
export interface ConnectionEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** PEM texts; without authorities those that are built in count. */
export interface ChannelTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly skipVerify: boolean;
}

export interface Http2ChannelOptions {
  readonly endpoint: Endpoint;
  /** Undefined sends everything unencrypted. */
  readonly tls: ChannelTls | undefined;
  /** "" is none. */
  readonly apiKey: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** For connection and handshake; `limits.dialMsMax` when it is not given. */
  readonly connectMsMax?: number;
}

/** Bun.connect's number of TLS 1.3. */
const tls13 = 0x0304;
const sweepMs = 1000;

type RpcOptions = Pick<ClientRpcOptions, "path" | "messageBytesMax" | "onMessage"> & {
  readonly onStatus: (status: GrpcStatus) => void;
};

export class Http2Channel {
  readonly ends: ConnectionEnds;
  private readonly options: Http2ChannelOptions;
  private readonly http2: Http2Socket;
  private readonly sweeper: NodeJS.Timeout;
  private pingedMs: number | undefined = undefined;
  /** Why the connection ended, in the words of who ended it. */
  private reason = "";

  private constructor(options: Http2ChannelOptions, socket: Socket<SocketData>) {
    this.options = options;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    this.ends = { localAddress, localPort, remoteAddress, remotePort };
    this.http2 = new Http2Socket(socket, {
      role: "client",
      growth: new WindowGrowth(limits.windowGrowthBytesMax),
      now: options.now,
      handler: {
        onStream: () => {},
        onGreeted: () => {},
        onGoaway: (code, reason) => {
          this.reason = reason === "" ? `it leaves (GOAWAY ${code})` : reason;
        },
        onPong: () => {},
        onFault: ({ reason }) => {
          this.reason = `Protocol error: ${reason}`;
        },
      },
    });
    this.sweeper = setInterval(() => this.sweep(), sweepMs);
    this.sweeper.unref();
  }

  /** Resolves when the node's name is checked; rejects with a `GrpcStatus` of UNAVAILABLE. */
  static async connect(options: Http2ChannelOptions): Promise<Http2Channel> {
    const { endpoint, tls, connectMsMax = limits.dialMsMax } = options;
    const { promise, resolve, reject } = Promise.withResolvers<Http2Channel>();
    let pending: Socket<SocketData> | undefined;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      fail(new Error(`timed out: no connection within ${connectMsMax / 1000} s`));
      pending?.terminate();
    }, connectMsMax);
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject({ code: grpcCode.unavailable, message: textOf(error) } satisfies GrpcStatus);
    };
    const ready = (socket: Socket<SocketData>) => {
      clearTimeout(timer);
      const channel = new Http2Channel(options, socket);
      socket.data = { channel };
      resolve(channel);
    };
    const verify = (socket: Socket<SocketData>, isDone: boolean, error: Error | null) => {
      const fault = isDone && tls !== undefined ? faultOf(socket, endpoint.host, tls) : error;
      if (fault === undefined) ready(socket);
      else {
        fail(fault ?? new Error("the TLS handshake failed"));
        socket.terminate();
      }
    };
    const connecting = Bun.connect<SocketData>({
      hostname: endpoint.host,
      port: endpoint.port,
      ...(tls === undefined ? {} : { tls: tlsOptions(endpoint.host, tls) }),
      data: { channel: undefined },
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          pending = socket;
          if (isLate) socket.terminate();
          else if (tls === undefined) ready(socket);
        },
        handshake: verify,
        data: (socket, bytes) => socket.data.channel?.data(bytes),
        drain: (socket) => socket.data.channel?.http2.drain(),
        close: (socket, error) => {
          socket.data.channel?.closed(error);
          fail(error ?? new Error("Client network socket disconnected before secure TLS"));
        },
        connectError: (_, error) => fail(error),
        error: (_, error) => fail(error),
      },
    });
    connecting.catch(fail);
    return promise;
  }

  /** Begins an RPC; what goes wrong is its status. */
  open({ onStatus, ...options }: RpcOptions): ClientRpc {
    const { endpoint, tls, apiKey } = this.options;
    return new ClientRpc({
      ...options,
      connection: this.http2.connection,
      authority: showEndpoint(endpoint),
      scheme: tls === undefined ? "http" : "https",
      metadata: apiKey === "" ? [] : [["x-api-key", apiKey]],
      onStatus: (status, isAnswer) => {
        const { reason } = this;
        // What the server said of the RPC itself tells more than that it leaves.
        const isLost = reason !== "" && !isAnswer;
        onStatus(isLost ? { code: grpcCode.unavailable, message: reason } : status);
      },
    });
  }

  close(): void {
    clearInterval(this.sweeper);
    this.http2.close();
  }

  private data(bytes: Buffer): void {
    this.pingedMs = undefined;
    this.http2.data(bytes);
  }

  private closed(error: Error | undefined): void {
    clearInterval(this.sweeper);
    if (this.reason === "") this.reason = error === undefined ? "ECONNRESET" : textOf(error);
    this.http2.closed();
  }

  /** A node of which nothing comes is asked whether it is there. */
  private sweep(): void {
    const now = this.options.now();
    if (this.pingedMs === undefined) {
      if (now - this.http2.receivedMs < limits.keepaliveIntervalMs) return;
      this.pingedMs = now;
      this.http2.connection.ping();
    } else if (now - this.pingedMs >= limits.keepaliveTimeoutMs) {
      this.reason = "timed out: it does not answer pings";
      this.http2.destroy();
    }
  }
}

interface SocketData {
  channel: Http2Channel | undefined;
}

function tlsOptions(host: string, { ca, cert, key }: ChannelTls): Bun.TLSOptions {
  const options = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // An address is no server name (RFC 6066 section 3).
    ...(isIP(host) === 0 ? { serverName: host } : {}),
    // Judged behind the handshake, by `faultOf`.
    rejectUnauthorized: false,
    allowPartialTrustChain: true,
    minVersion: tls13,
    ALPNProtocols: "\x02h2",
  };
  return options;
}

/** Why what is at the other end is not the node that was dialled. */
function faultOf(
  socket: Socket<SocketData>,
  host: string,
  { skipVerify }: ChannelTls,
): Error | undefined {
  if (socket.alpnProtocol !== "h2") return new Error("h2 is not supported");
  if (skipVerify) return undefined;
  if (!socket.authorized) {
    return socket.getAuthorizationError() ?? new Error("unable to verify the certificate");
  }
  return refuseIdentity(host, socket.getPeerCertificate());
}

function textOf(error: unknown): string {
  const code = (error as { code?: unknown })?.code;
  return typeof code === "string" ? `${code}: ${errorText(error)}` : errorText(error);
}
