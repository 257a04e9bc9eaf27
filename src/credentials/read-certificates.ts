/** Parses certificates and private keys of PEM text, and says what is wrong with them. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { errorText } from "../base/errors.ts";
import { limits } from "../config/limits.ts";

/** Why a text holds nothing to use: words that follow the name of its file. */
export interface PemFault {
  readonly fault: string;
}

const blocks = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;
const certificateLabels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
/** Where one begins or ends, whether or not the other line is there. */
const certificateMarks = /-(?:BEGIN|END) (?:X509 |TRUSTED )?CERTIFICATE-/g;

/** The certificates of a PEM text (RFC 7468 section 5) in their order, one at least. */
export function readCertificates(text: string): X509Certificate[] | PemFault {
  const all = [...text.matchAll(blocks)];
  const found = all.filter(([, label = ""]) => certificateLabels.includes(label));
  // A file that was cut off, or glued together wrongly, must not count for what is left of it.
  if ([...text.matchAll(certificateMarks)].length !== 2 * found.length) {
    return {
      fault: "a certificate in it is damaged: its BEGIN and END lines do not belong together",
    };
  }
  if (found.length === 0) {
    const key = all.some(([, label = ""]) => label.endsWith("PRIVATE KEY"));
    return {
      fault: key
        ? "it holds a private key and no certificate: are two files mixed up?"
        : "it holds no certificate: a text with -----BEGIN CERTIFICATE----- (PEM) is expected",
    };
  }
  if (found.length > limits.certificatesPerFileMax) {
    return { fault: `it holds more than ${limits.certificatesPerFileMax} certificates` };
  }
  const certificates: X509Certificate[] = [];
  for (const [block] of found) {
    try {
      certificates.push(new X509Certificate(block));
    } catch (error) {
      const which =
        found.length === 1 ? "the certificate" : `certificate ${certificates.length + 1}`;
      return { fault: `${which} in it is damaged: ${libraryFault(error)}` };
    }
  }
  return certificates;
}

/** The private key of a PEM text: PKCS #8, PKCS #1 or SEC 1, not encrypted. */
export function readKey(text: string): KeyObject | PemFault {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    return {
      fault:
        "the key is encrypted, and nobody can be asked for its passphrase: " +
        "decrypt it with `openssl pkey -in … -out …`, and let no other user read it",
    };
  }
  if (!/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text)) {
    return {
      fault: text.includes("-----BEGIN CERTIFICATE-----")
        ? "it holds a certificate and no private key: are two files mixed up?"
        : "it holds no private key: a text with -----BEGIN PRIVATE KEY----- (PEM) is expected",
    };
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    const fault = libraryFault(error);
    if (fault !== "unsupported algorithm") return { fault: `the key in it is damaged: ${fault}` };
    return {
      fault: "the key in it is of an unknown kind; known are RSA, P-256, P-384, P-521 and Ed25519",
    };
  }
}

/** The subject in one line: `CN=node.example, O=Example`. */
export function subjectOf(certificate: X509Certificate): string {
  // Its type does not know that a certificate may go without.
  const subject = certificate.subject as string | undefined;
  return subject?.split("\n").join(", ") || "a certificate without a subject";
}

/** `decode error` of what OpenSSL says: `error:0c00006d:ASN.1 encoding routines:…:DECODE_ERROR`. */
export function libraryFault(error: unknown): string {
  const text = errorText(error);
  const reason = /^error:[0-9a-f]+:.*:([A-Z0-9_]+)$/.exec(text)?.[1];
  return reason === undefined ? text : reason.replaceAll("_", " ").toLowerCase();
}

/** Why the certificate is not valid at `nowMs`; "" when it is. */
export function validityFault(certificate: X509Certificate, nowMs: number): string {
  const { validFrom, validTo } = certificate;
  if (nowMs > Date.parse(validTo)) return `expired on ${dayOf(validTo)}`;
  if (nowMs < Date.parse(validFrom)) return `is not valid before ${dayOf(validFrom)}`;
  return "";
}

/** `2026-11-26 12:00:00 UTC` of a date as certificates give it. */
export function dayOf(date: string): string {
  return `${new Date(date).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
