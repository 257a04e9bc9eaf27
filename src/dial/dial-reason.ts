/** Says in words why a connection or RPC to a node failed. */

import type { DialConfig, DialTls } from "../config/dial-config.ts";
import { statusName } from "../grpc/grpc-status.ts";
import { rpcReason } from "../grpc/rpc-reason.ts";
import { wrongNameMark } from "./server-identity.ts";

/** What an RPC failed with: code and text of grpc-js. */
export interface RpcEnd {
  readonly code: number;
  readonly details: string;
}

const expired = "has expired; renew it, or set the clock right";
const early = "is not valid yet; wait, or set the clock right";

/** Why the node's certificate is not taken. */
const theirs: ReadonlyArray<readonly [RegExp, (tls: DialTls) => string]> = [
  [/unable to verify|issuer certificate|self.signed/i, untrusted],
  [/certificate has expired/, () => `its certificate ${expired}`],
  [/certificate is not yet valid/, () => `its certificate ${early}`],
  [
    /unsupported certificate purpose/,
    () => "its certificate is not for servers (extended key usage)",
  ],
];

/** Why the node does not take ours: the alert that it sent (RFC 8446 section 6.2). */
const ours: ReadonlyArray<readonly [RegExp, string]> = [
  [/ALERT_UNKNOWN_CA/, "is from a CA that the node does not know"],
  [/ALERT_CERTIFICATE_EXPIRED/, expired],
  [/ALERT_UNSUPPORTED_CERTIFICATE/, "is of a kind that the node does not accept"],
  [/ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:UNKNOWN|REVOKED)|ACCESS_DENIED)/, "is refused"],
];

/** What else keeps TLS from coming about. */
const either: ReadonlyArray<readonly [RegExp, string]> = [
  [/WRONG_VERSION_NUMBER/, "the program there does not speak TLS; --insecure connects without TLS"],
  [/PROTOCOL_VERSION/, "it does not speak TLS 1.3"],
  [
    /NO_APPLICATION_PROTOCOL|h2 is not supported/,
    "the program there speaks TLS, but not gRPC (HTTP/2)",
  ],
  [
    /disconnected before secure TLS/,
    "it closes connections before TLS begins: the node may be full, or not speak TLS (--insecure)",
  ],
];

/** Why an RPC failed, for a person, with what to do about it where that is known. */
export function dialReason({ tls, apiKeyFile }: DialConfig, { code, details }: RpcEnd): string {
  if (statusName(code) === "UNAUTHENTICATED") return noKey(apiKeyFile);
  return (tls === undefined ? undefined : tlsReason(tls, details)) ?? rpcReason(code, details);
}

function tlsReason(tls: DialTls, details: string): string | undefined {
  const at = details.indexOf(wrongNameMark);
  // The text goes on with what grpc-js adds.
  if (at >= 0) return details.slice(at).replace(/\. Resolution note: ?$/, "");
  const their = theirs.find(([pattern]) => pattern.test(details));
  if (their !== undefined) return their[1](tls);
  const own = tls.certFile === "" ? noCertificate : `it does not accept ${tls.certFile}`;
  if (/ALERT_CERTIFICATE_REQUIRED/.test(details)) return noCertificate;
  const our = ours.find(([pattern]) => pattern.test(details));
  if (our !== undefined)
    return tls.certFile === "" ? noCertificate : `${own}: the certificate ${our[1]}`;
  // A server of TLS 1.3 judges the client's certificate when the client has finished already.
  if (/Failed to connect/.test(details)) return closedAfterHandshake(tls);
  return either.find(([pattern]) => pattern.test(details))?.[1];
}

const noCertificate = "it requires a client certificate: give --tls-cert and --tls-key";

function noKey(apiKeyFile: string): string {
  if (apiKeyFile !== "")
    return `it does not accept the API key of ${apiKeyFile}, or not for this RPC`;
  return "it requires an API key (--api-key-file), or a client certificate that allows this (--tls-cert)";
}

function untrusted({ caFile }: DialTls): string {
  if (caFile !== "") return `its certificate is not from a CA of ${caFile} (--tls-ca)`;
  return "its certificate is not from a public CA: name the file of its CA with --tls-ca";
}

function closedAfterHandshake({ certFile }: DialTls): string {
  const ours =
    certFile === "" ? "require a client certificate (--tls-cert)" : `not accept ${certFile}`;
  return `it closes connections at once: the node may be full, or ${ours}`;
}
