/**
 * The listening socket of a shard: plain, or TLS with ALPN h2 alone. It shares the node's port with the
 * other shards, and tells of each connection when it has come and when it is ready for HTTP/2. What
 * Bun's sockets do by themselves in a handshake and what they do not: docs/decisions/0010-own-tls-listener.md.
 */
import { constants } from "node:crypto";
import type { Socket, TCPSocketListener } from "bun";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { PeerCertificate } from "../wire/peer-certificate.ts";
import type { Connection } from "./connection.ts";
import { certificateOf } from "./peer-certificate.ts";

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Without them the listener is plain. */
  readonly credentials: ServerCredentials | undefined;
  /** A connection has come, before any handshake; undefined when it was destroyed. */
  readonly accept: (socket: Socket<unknown>) => Connection | undefined;
  /** It is ready for HTTP/2. */
  readonly ready: (connection: Connection, certificate: PeerCertificate | undefined) => void;
  /** The handshake failed, and the connection is destroyed. */
  readonly failed: (reason: string, connection: Connection) => void;
  /** Its socket is closed. */
  readonly closed: (connection: Connection) => void;
}

interface SocketData {
  connection: Connection | undefined;
  /** Its handshake failed, and that was told. */
  failed: boolean;
}

type Handlers = Bun.SocketHandler<SocketData>;

export class Listener {
  private readonly options: ListenerOptions;
  private readonly handlers: Handlers;
  private credentials: ServerCredentials | undefined;
  private current: TCPSocketListener<SocketData> | undefined = undefined;

  constructor(options: ListenerOptions) {
    this.options = options;
    this.credentials = options.credentials;
    this.handlers = this.credentials === undefined ? plainHandlers(options) : this.tlsHandlers();
  }

  /** Begins to listen; throws the system's error. */
  listen(): void {
    const { host, port } = this.options;
    const { credentials, handlers } = this;
    // The types of Bun 1.4.5 lack `reusePort`.
    const options: Bun.TCPSocketListenOptions<SocketData> & { reusePort: boolean } = {
      hostname: host,
      port,
      reusePort: true,
      data: { connection: undefined, failed: false },
      socket: handlers,
    };
    if (credentials !== undefined) options.tls = contextOf(credentials);
    this.current = Bun.listen(options);
  }

  /**
   * Of a TLS listener: handshakes from here on use these; connections that are open go on. A second
   * listener takes the place of the first on the shared port.
   */
  setCredentials(credentials: ServerCredentials): void {
    const before = this.current;
    this.credentials = credentials;
    if (before === undefined) return;
    this.listen();
    before.stop();
  }

  /** No new connection from here on; those that are open go on. */
  stop(): void {
    this.current?.stop();
    this.current = undefined;
  }

  private tlsHandlers(): Handlers {
    const { options } = this;
    return {
      ...plainHandlers(options),
      open: (socket) => {
        const connection = options.accept(socket);
        socket.data = { connection, failed: false };
        socket.setNoDelay(true);
      },
      handshake: (socket, isDone, error) => {
        const { connection } = socket.data;
        if (connection === undefined || connection.isGone) return;
        const fault = isDone ? this.faultOf(socket) : handshakeFault(error);
        if (fault === "") options.ready(connection, certificateOf(socket));
        else {
          socket.data.failed = true;
          connection.refuse();
          options.failed(fault, connection);
        }
      },
      close: (socket, error) => {
        const { connection, failed } = socket.data;
        if (connection === undefined) return;
        const isEarly = !connection.isReady && !failed;
        connection.closed();
        options.closed(connection);
        if (isEarly && error !== undefined) options.failed(handshakeFault(error), connection);
      },
    };
  }

  /** Why a handshake that came to its end is not enough, or "". */
  private faultOf(socket: Socket<SocketData>): string {
    const { clientAuth = false, minVersion = "1.3" } = this.credentials ?? {};
    // Other names are refused by the handshake, and a client that names none gets through it.
    if (socket.alpnProtocol !== "h2") return "the client does not ask for HTTP/2 (ALPN h2)";
    const version = socket.getTLSVersion();
    if (minVersion === "1.3" && version !== "TLSv1.3") return `the client speaks ${version}`;
    if (!clientAuth || socket.authorized) return "";
    const error = socket.getAuthorizationError();
    return error === null ? "the client shows no certificate" : handshakeFault(error);
  }
}

function plainHandlers(options: ListenerOptions): Handlers {
  return {
    open: (socket) => {
      const connection = options.accept(socket);
      socket.data = { connection, failed: false };
      if (connection === undefined) return;
      socket.setNoDelay(true);
      options.ready(connection, undefined);
    },
    data: (socket, bytes) => socket.data.connection?.data(bytes),
    drain: (socket) => socket.data.connection?.drain(),
    close: (socket) => {
      const { connection } = socket.data;
      if (connection === undefined) return;
      connection.closed();
      options.closed(connection);
    },
    // Its close follows and says the same.
    error: () => {},
  };
}

/**
 * What TLS 1.2 may use: keys of the moment and authenticated encryption, since RFC 9113 section 9.2.2
 * prohibits the rest for HTTP/2. TLS 1.3 has nothing else.
 */
const oldCiphers = ["ECDSA", "RSA"]
  .flatMap((by) => [
    `${by}-AES128-GCM-SHA256`,
    `${by}-AES256-GCM-SHA384`,
    `${by}-CHACHA20-POLY1305`,
  ])
  .map((suite) => `ECDHE-${suite}`)
  .join(":");

/** Numbers of the versions in the records of TLS. */
const versions = { "1.2": 0x0303, "1.3": 0x0304 } as const;

function contextOf(credentials: ServerCredentials): Bun.TLSOptions {
  const { certificate, key, authorities, clientAuth, minVersion } = credentials;
  const verifies = authorities !== "";
  const options = {
    cert: certificate,
    key,
    ...(verifies ? { ca: authorities } : {}),
    // What --tls-ca names counts, and not only what is at the top of its chain.
    allowPartialTrustChain: true,
    requestCert: verifies,
    rejectUnauthorized: clientAuth,
    minVersion: versions[minVersion],
    ciphers: oldCiphers,
    // A resumed session would be let in on the word of an earlier certificate and earlier authorities.
    secureOptions: constants.SSL_OP_NO_TICKET,
    // A list of one name, each behind its length (RFC 7301 section 3.1).
    ALPNProtocols: "\x02h2",
  };
  return options;
}

const foreign = "the client's certificate is from no authority of --tls-ca";

/** By the codes of Bun, and of X.509 (`X509_V_ERR_…`) for the client's certificate. */
const faults: Readonly<Record<string, string>> = {
  ECONNRESET: "the client left during the handshake",
  PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client shows no certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: foreign,
  UNABLE_TO_GET_ISSUER_CERT: foreign,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: foreign,
  DEPTH_ZERO_SELF_SIGNED_CERT: foreign,
  SELF_SIGNED_CERT_IN_CHAIN: foreign,
  CERT_HAS_EXPIRED: "the client's certificate has expired",
  CERT_NOT_YET_VALID: "the client's certificate is not valid yet: one of two clocks is wrong",
  INVALID_PURPOSE: "the client's certificate is not for clients (extended key usage)",
  NO_APPLICATION_PROTOCOL: "the client does not ask for HTTP/2 (ALPN h2)",
  NO_SHARED_CIPHER: "the client has no cipher that HTTP/2 may use",
  UNSUPPORTED_PROTOCOL: "the client's TLS is too old (--tls-min-version)",
  WRONG_VERSION_NUMBER: "what came is not TLS: a client with --insecure, perhaps",
  HTTP_REQUEST: "what came is HTTP without TLS",
};

/** The handshake's end when it did not come in time. */
export const handshakeLate: string = `no handshake within ${limits.tlsHandshakeMsMax / 1000} s`;

function handshakeFault(error: Error | null): string {
  if (error === null) return "the client left during the handshake";
  const text = errorText(error);
  // "error:100000f0:SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL"
  const reason = /OPENSSL_internal:(\w+)/.exec(text)?.[1] ?? systemCode(error);
  return faults[reason.replace(/^ERR_SSL_/, "")] ?? text;
}
