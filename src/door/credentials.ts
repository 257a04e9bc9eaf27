/** What the caller of an HTTP/2 stream shows to the gate. */
import type { IncomingHttpHeaders, ServerHttp2Session } from "node:http2";
import type { Credentials } from "../access/gate.ts";
import type { PeerCertificate } from "../wire/peer-certificate.ts";
import { peerOf } from "./connections.ts";
import { certificateOf } from "./peer-certificate.ts";

/** Header with the caller's API key (docs/wire.md#roles). */
export const keyHeader = "x-api-key";

/** The certificate of a connection is read once. */
const certificates = new WeakMap<ServerHttp2Session, PeerCertificate | "none">();

export function credentialsOf(
  session: ServerHttp2Session,
  headers: IncomingHttpHeaders,
): Credentials {
  let certificate = certificates.get(session);
  if (certificate === undefined) {
    certificate = certificateOf(session.socket) ?? "none";
    certificates.set(session, certificate);
  }
  return {
    peer: peerOf(session.socket),
    key: keyOf(headers[keyHeader]),
    certificate: certificate === "none" ? undefined : certificate,
    connection: session,
  };
}

/** The first value of the header; HTTP/2 joins several with commas. */
function keyOf(header: string | readonly string[] | undefined): string | undefined {
  const first = typeof header === "string" ? header : header?.[0];
  return first?.split(",", 1)[0]?.trim();
}
