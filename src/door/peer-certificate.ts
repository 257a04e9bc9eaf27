/** The client's certificate, as far as rules are made of it. */
import type { Socket } from "bun";
import type { PeerCertificate } from "../wire/peer-certificate.ts";

/** What of `tls.PeerCertificate` is used; of a client without one it is an empty object. */
interface NodeCertificate {
  readonly subject?: { readonly CN?: string | string[] };
  readonly subjectaltname?: string | undefined;
  readonly fingerprint256?: string;
}

/** The verified certificate of the client at the other end of a TLS socket whose handshake is over. */
export function certificateOf(socket: Socket<unknown>): PeerCertificate | undefined {
  return socket.authorized ? readCertificate(socket.getPeerCertificate()) : undefined;
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
