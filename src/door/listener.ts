/**
 * The listening socket of a shard: plain, or TLS with ALPN h2 alone. What it hands out speaks HTTP/2.
 * Each way out of a handshake destroys the socket: Bun would leave it open after most faults (this trap
 * and others: docs/decisions/0010-own-tls-listener.md).
 */
import { constants } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { errorText, systemCode } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";

export interface ListenerOptions {
  /** Without them the listener is plain. */
  readonly credentials: ServerCredentials | undefined;
  /** A connection has come, before any handshake. Answers false when it destroyed the socket. */
  readonly accept: (socket: net.Socket) => boolean;
  /** The connection is ready for HTTP/2. */
  readonly ready: (socket: net.Socket) => void;
  /** The handshake failed, and the socket is destroyed. */
  readonly failed: (reason: string, socket: net.Socket) => void;
}

export interface Listener {
  readonly server: net.Server;
  /** Of a TLS listener: handshakes from here on use these; connections that are open go on. */
  setCredentials(credentials: ServerCredentials): void;
}

export function createListener(options: ListenerOptions): Listener {
  const { credentials } = options;
  return credentials === undefined ? plainListener(options) : tlsListener(options, credentials);
}

function plainListener({ accept, ready }: ListenerOptions): Listener {
  const server = net.createServer({ noDelay: true }, (socket) => {
    if (accept(socket)) ready(socket);
  });
  return {
    server,
    setCredentials: () => {},
  };
}

function tlsListener(options: ListenerOptions, first: ServerCredentials): Listener {
  const { accept, ready, failed } = options;
  let { minVersion } = first;
  const server = tls.createServer({
    ...contextOf(first),
    ALPNProtocols: ["h2"],
    handshakeTimeout: limits.tlsHandshakeMsMax,
  });
  const drop = (reason: string, socket: net.Socket): void => {
    socket.destroy();
    failed(reason, socket);
  };
  server.on("connection", (socket) => void accept(socket));
  server.on("secureConnection", (socket) => {
    if (socket.destroyed) return;
    // BoringSSL refuses other names, and lets a client pass that names none.
    if (socket.alpnProtocol !== "h2") drop("the client does not ask for HTTP/2 (ALPN h2)", socket);
    else if (minVersion === "1.3" && socket.getProtocol() !== "TLSv1.3") {
      drop(`the client speaks ${socket.getProtocol() ?? "an unknown version"}`, socket);
    } else {
      socket.setNoDelay(true);
      ready(socket);
    }
  });
  server.on("tlsClientError", (error, socket) => drop(handshakeFault(error), socket));
  return {
    server,
    setCredentials: (credentials) => {
      ({ minVersion } = credentials);
      server.setSecureContext(contextOf(credentials));
    },
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

/** Everything each time: what `setSecureContext` is not told falls back to Bun's defaults. */
function contextOf(credentials: ServerCredentials): tls.TlsOptions {
  const { certificate, key, authorities, clientAuth, minVersion } = credentials;
  const verifies = authorities !== "";
  return {
    cert: certificate,
    key,
    ...(verifies ? { ca: authorities } : {}),
    // What --tls-ca names counts, and not only what is at the top of its chain.
    allowPartialTrustChain: true,
    requestCert: verifies,
    rejectUnauthorized: clientAuth,
    minVersion: `TLSv${minVersion}`,
    ciphers: oldCiphers,
    // A resumed session would be accepted on the word of an earlier certificate and earlier authorities.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

const foreign = "the client's certificate is from no authority of --tls-ca";

/** By the codes of Bun, and of X.509 (`X509_V_ERR_…`) for the client's certificate. */
const faults: Readonly<Record<string, string>> = {
  ECONNRESET: "the client left during the handshake",
  ERR_TLS_HANDSHAKE_TIMEOUT: `no handshake within ${limits.tlsHandshakeMsMax / 1000} s`,
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client shows no certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: foreign,
  UNABLE_TO_GET_ISSUER_CERT: foreign,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: foreign,
  DEPTH_ZERO_SELF_SIGNED_CERT: foreign,
  SELF_SIGNED_CERT_IN_CHAIN: foreign,
  CERT_HAS_EXPIRED: "the client's certificate has expired",
  CERT_NOT_YET_VALID: "the client's certificate is not valid yet: one of two clocks is wrong",
  INVALID_PURPOSE: "the client's certificate is not for clients (extended key usage)",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "the client does not ask for HTTP/2 (ALPN h2)",
  ERR_SSL_NO_SHARED_CIPHER: "the client has no cipher that HTTP/2 may use",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the client's TLS is too old (--tls-min-version)",
  ERR_SSL_WRONG_VERSION_NUMBER: "what came is not TLS: a client with --insecure, perhaps",
  ERR_SSL_HTTP_REQUEST: "what came is HTTP without TLS",
};

function handshakeFault(error: Error): string {
  return faults[systemCode(error)] ?? errorText(error);
}
