/**
 * The first message of each side of a TLS connection: ClientHello and ServerHello of SSL 3.0 to TLS
 * 1.3 (RFC 8446 section 4.1, RFC 5246 section 7.4.1, RFC 6101). Hellos in the form of SSL 2 have
 * nothing of what is asked here and are not read.
 */
import { limits } from "../config/limits.ts";
import { ByteReader } from "./byte-reader.ts";
import { plainText } from "./text-line.ts";
import { extensionType, readExtensions, type TlsExtensions } from "./tls-extensions.ts";
import { ja3Of, ja3sOf, ja4Of } from "./tls-fingerprint.ts";
import { findHello, helloType } from "./tls-records.ts";
import { helloVersion, tls12, tlsVersionName } from "./tls-version.ts";

/** Texts are "" and lists empty for what the hello does not have. */
interface Hello {
  /**
   * What the client offers at most, or the server chose: `TLS 1.2`. "" when the hello is cut before
   * the extension that may say more than its own field.
   */
  readonly version: string;
  /** Application protocols (RFC 7301), at most `limits.tlsAlpnMax`; of a server the chosen one. */
  readonly alpn: readonly string[];
  /**
   * False when the hello goes on behind the bytes given, or contradicts itself. It then has no
   * fingerprints, and of the rest what could be read.
   */
  readonly isWhole: boolean;
}

export interface ClientHello extends Hello {
  readonly kind: "client";
  /** Host name of the server_name extension (RFC 6066 section 3). */
  readonly serverName: string;
  /** 32 hexadecimal digits. */
  readonly ja3: string;
  /** `t13d1516h2_` and two times 12 hexadecimal digits. */
  readonly ja4: string;
}

export interface ServerHello extends Hello {
  readonly kind: "server";
  /** IANA number of the chosen cipher suite. */
  readonly cipherSuite: number;
  /** 32 hexadecimal digits. */
  readonly ja3s: string;
}

export type TlsHello = ClientHello | ServerHello;

const randomBytes = 32;

/**
 * The hello at the start of a TCP payload, in one record or several; undefined when there is none.
 * For one that goes on in the next segment see `HelloAssembler`.
 */
export function dissectTlsHello(
  bytes: Uint8Array,
  start: number,
  end: number,
): TlsHello | undefined {
  const body = findHello(bytes, start, end);
  if (body === undefined) return undefined;
  const reader = new ByteReader(body.bytes, body.start, body.end);
  const read = body.type === helloType.client ? readClient : readServer;
  return read(reader, body.isWhole);
}

function readClient(reader: ByteReader, isAll: boolean): ClientHello {
  const legacyVersion = reader.uint16();
  reader.take(randomBytes);
  reader.take(reader.uint8());
  const cipherSuites = reader.range(reader.uint16()).uint16s();
  reader.take(reader.uint8());
  const extensions = readExtensionBlock(reader, helloType.client);
  const isWhole = isAll && !reader.isShort;
  return {
    kind: "client",
    version: versionText(legacyVersion, extensions, isWhole),
    serverName: extensions.serverName,
    alpn: alpnTexts(extensions),
    ja3: isWhole ? ja3Of(legacyVersion, cipherSuites, extensions) : "",
    ja4: isWhole ? ja4Of(legacyVersion, cipherSuites, extensions) : "",
    isWhole,
  };
}

function readServer(reader: ByteReader, isAll: boolean): ServerHello {
  const legacyVersion = reader.uint16();
  reader.take(randomBytes);
  reader.take(reader.uint8());
  const cipherSuite = reader.uint16();
  reader.take(1);
  const extensions = readExtensionBlock(reader, helloType.server);
  const isWhole = isAll && !reader.isShort;
  return {
    kind: "server",
    version: versionText(legacyVersion, extensions, isWhole),
    cipherSuite,
    alpn: alpnTexts(extensions),
    ja3s: isWhole ? ja3sOf(legacyVersion, cipherSuite, extensions) : "",
    isWhole,
  };
}

/** Extensions with their length before them; hellos of old may end without (RFC 5246 section 7.4.1.2). */
function readExtensionBlock(reader: ByteReader, type: number): TlsExtensions {
  const block = reader.range(reader.left === 0 ? 0 : reader.uint16());
  const extensions = readExtensions(block, type);
  if (block.isShort) reader.isShort = true;
  return extensions;
}

function versionText(legacyVersion: number, extensions: TlsExtensions, isWhole: boolean): string {
  const isKnown = isWhole || extensions.types.includes(extensionType.supportedVersions);
  if (!isKnown && legacyVersion >= tls12) return "";
  return tlsVersionName(helloVersion(legacyVersion, extensions.supportedVersions));
}

function alpnTexts(extensions: TlsExtensions): string[] {
  return extensions.alpn.map((name) => plainText(name, 0, name.length, limits.tlsNameBytesMax));
}
