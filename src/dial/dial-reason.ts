/** Says in words why a connection or RPC to a node failed. */
import { rpcReason, statusName } from "../base/rpc-reason.ts";
import type { DialConfig, DialTls } from "../config/dial-config.ts";
import { wrongNameMark } from "./server-identity.ts";

/** What an RPC failed with: code and text of grpc-js. */
export interface RpcEnd {
  readonly code: number;
  readonly details: string;
}

const expired = "has expired: it needs a new one, or a clock is wrong";
const early = "is not valid yet: a clock is wrong, or it is meant for later";

/** Why the node's certificate is not taken. */
const theirs: ReadonlyArray<readonly [RegExp, (tls: DialTls) => string]> = [
  [/unable to verify|issuer certificate|self.signed/i, untrusted],
  [/certificate has expired/, () => `its certificate ${expired}`],
  [/certificate is not yet valid/, () => `its certificate ${early}`],
  [/unsupported certificate purpose/, () => "its certificate is not one for servers"],
];

/** Why the node does not take ours: the alert that it sent (RFC 8446 section 6.2). */
const ours: ReadonlyArray<readonly [RegExp, string]> = [
  [/ALERT_UNKNOWN_CA/, "is from an authority that it does not know"],
  [/ALERT_CERTIFICATE_EXPIRED/, expired],
  [/ALERT_UNSUPPORTED_CERTIFICATE/, "is of a kind that it does not take"],
  [/ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:UNKNOWN|REVOKED)|ACCESS_DENIED)/, "is refused"],
];

/** What else keeps TLS from coming about. */
const either: ReadonlyArray<readonly [RegExp, string]> = [
  [/WRONG_VERSION_NUMBER/, "what answers there does not speak TLS; --insecure is for such a node"],
  [/PROTOCOL_VERSION/, "it does not speak TLS 1.3"],
  [
    /NO_APPLICATION_PROTOCOL|h2 is not supported/,
    "what answers there speaks TLS, but not gRPC (HTTP/2)",
  ],
  [
    /disconnected before secure TLS/,
    "it closes connections before TLS begins: it may be full, or not speak TLS (--insecure)",
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
  const own = tls.certFile === "" ? noCertificate : `it does not take ${tls.certFile}`;
  if (/ALERT_CERTIFICATE_REQUIRED/.test(details)) return noCertificate;
  const our = ours.find(([pattern]) => pattern.test(details));
  if (our !== undefined) return tls.certFile === "" ? noCertificate : `${own}: it ${our[1]}`;
  // A server of TLS 1.3 judges the client's certificate when the client has finished already.
  if (/Failed to connect/.test(details)) return closedAfterHandshake(tls);
  return either.find(([pattern]) => pattern.test(details))?.[1];
}

const noCertificate = "it wants a certificate of the client: --tls-cert and --tls-key";

function noKey(apiKeyFile: string): string {
  if (apiKeyFile !== "")
    return `it does not take the API key of ${apiKeyFile}, or not for this call`;
  return "it wants an API key (--api-key-file), or a certificate that allows this (--tls-cert)";
}

function untrusted({ caFile }: DialTls): string {
  if (caFile !== "") return `its certificate is not from an authority of ${caFile} (--tls-ca)`;
  return "its certificate is from no public authority: name the one it is from with --tls-ca";
}

function closedAfterHandshake({ certFile }: DialTls): string {
  const ours = certFile === "" ? "want a certificate (--tls-cert)" : `not take ${certFile}`;
  return `it closes connections at once: it may be full, or ${ours}`;
}
