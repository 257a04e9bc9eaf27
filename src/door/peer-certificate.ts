/** What the client's certificate says, read from its TLS socket. */
import { TLSSocket } from "node:tls";
import type { PeerCertificate } from "../wire/peer-certificate.ts";

/** What of `tls.PeerCertificate` is used; of a client without one it is an empty object. */
interface NodeCertificate {
  readonly subject?: { readonly CN?: string | string[] };
  readonly subjectaltname?: string | undefined;
  readonly fingerprint256?: string;
}

/** The verified certificate of the client at the other end of `socket`, such as `session.socket`. */
export function certificateOf(socket: unknown): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return readCertificate(socket.getPeerCertificate());
}

/** @param certificate of a socket that is authorized */
export function readCertificate(
  certificate: NodeCertificate | undefined,
): PeerCertificate | undefined {
  if (certificate?.fingerprint256 === undefined) return undefined;
  const { subject, subjectaltname = "", fingerprint256 } = certificate;
  const name = subject?.CN;
  return {
    commonName: typeof name === "string" ? name : "",
    names: alternativeNames(subjectaltname),
    fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** A value with a comma or a quote in it comes as a JSON string without commas. */
function alternativeNames(text: string): string[] {
  if (text === "") return [];
  return text.split(", ").map((entry) => {
    const value = entry.indexOf(":") + 1;
    if (entry[value] !== '"') return entry;
    return entry.slice(0, value) + String(JSON.parse(entry.slice(value)));
  });
}
