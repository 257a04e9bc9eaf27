/** Checks that a node's certificate is for the name or address that was dialled. */
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { safeText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";

/** How the text of a refusal begins, by which it is found again in the error of an RPC. */
export const wrongNameMark = "its certificate is for ";

/**
 * Why a certificate that is trusted is not taken: it is not for `host`, a name or an address as it was
 * dialled (RFC 9525; the common name does not count). Undefined when it is.
 */
export function refuseIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  const names = certificate.subjectaltname ?? "";
  if (names !== "" && checkServerIdentity(host, certificate) === undefined) return undefined;
  const list = names.replaceAll(/\b(?:DNS|IP Address):/g, "");
  const shown = list === "" ? "no name" : safeText(list, limits.dialNamesCharsMax);
  return new Error(
    `${wrongNameMark}${shown}, not for ${host}: reach the node by a name in its ` +
      "certificate, or give it a certificate for this name",
  );
}
