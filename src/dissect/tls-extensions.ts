/** Reads the extensions of a TLS hello. */
import { limits } from "../config/limits.ts";
import type { ByteReader } from "./byte-reader.ts";
import { plainText } from "./text-line.ts";
import { helloType } from "./tls-records.ts";

/** IANA numbers of the extensions whose content is read. */
export const extensionType = {
  serverName: 0,
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  alpn: 16,
  supportedVersions: 43,
} as const;

/** Extensions of a hello; what it does not have is empty. */
export interface TlsExtensions {
  /** All types in their order. */
  readonly types: number[];
  serverName: string;
  supportedGroups: readonly number[];
  pointFormats: readonly number[];
  signatureAlgorithms: readonly number[];
  /** Names of application protocols as they are: any bytes. */
  alpn: readonly Uint8Array[];
  supportedVersions: readonly number[];
}

/** Extensions to the end of `reader`, which is short when they are cut or their lengths are wrong. */
export function readExtensions(reader: ByteReader, type: number): TlsExtensions {
  const extensions: TlsExtensions = {
    types: [],
    serverName: "",
    supportedGroups: [],
    pointFormats: [],
    signatureAlgorithms: [],
    alpn: [],
    supportedVersions: [],
  };
  while (reader.left > 0) {
    const number = reader.uint16();
    const value = reader.range(reader.uint16());
    if (reader.isShort) break;
    extensions.types.push(number);
    readExtension(extensions, number, value, type);
  }
  return extensions;
}

function readExtension(
  extensions: TlsExtensions,
  number: number,
  value: ByteReader,
  type: number,
): void {
  switch (number) {
    case extensionType.serverName:
      extensions.serverName = readServerName(value);
      break;
    case extensionType.supportedGroups:
      extensions.supportedGroups = value.range(value.uint16()).uint16s();
      break;
    case extensionType.pointFormats:
      extensions.pointFormats = [...value.range(value.uint8()).rest()];
      break;
    case extensionType.signatureAlgorithms:
      extensions.signatureAlgorithms = value.range(value.uint16()).uint16s();
      break;
    case extensionType.alpn:
      extensions.alpn = readAlpn(value);
      break;
    case extensionType.supportedVersions: {
      // A client lists what it can, a server names its choice (RFC 8446 section 4.2.1).
      const versions = type === helloType.client ? value.range(value.uint8()) : value;
      extensions.supportedVersions = versions.uint16s();
      break;
    }
    default:
  }
}

/** The first host name of the list (RFC 6066 section 3). A server's answer is empty. */
function readServerName(value: ByteReader): string {
  const list = value.range(value.uint16());
  while (list.left > 0) {
    const isHostName = list.uint8() === 0;
    const name = list.range(list.uint16());
    if (list.isShort) break;
    if (isHostName) return plainText(name.bytes, name.at, name.end, limits.tlsNameBytesMax);
  }
  return "";
}

/** RFC 7301 section 3.1. */
function readAlpn(value: ByteReader): Uint8Array[] {
  const names: Uint8Array[] = [];
  const list = value.range(value.uint16());
  while (list.left > 0 && names.length < limits.tlsAlpnMax) {
    const name = list.range(list.uint8());
    if (list.isShort) break;
    names.push(name.rest());
  }
  return names;
}
