/** Parameters of SVCB and HTTPS records as text. */
import { addressText } from "../base/address-text.ts";
import type { ByteReader } from "./byte-reader.ts";
import { escapeDnsText } from "./dns-name.ts";

/** Parameters of SVCB and HTTPS records by number (RFC 9460 section 14.3.2). */
const keys = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"];

/**
 * Parameters of an SVCB or HTTPS record to the end of `reader`, in short: protocols, port and addresses
 * with their values, others by name alone: `alpn=h2,h3 port=8443 ech`.
 */
export function serviceBindingText(reader: ByteReader): string {
  const parts: string[] = [];
  while (reader.left > 0) {
    const key = reader.uint16();
    const value = reader.range(reader.uint16());
    const name = keys[key] ?? `key${key}`;
    const text = valueText(name, value);
    if (value.isShort) reader.isShort = true;
    parts.push(text === "" ? name : `${name}=${text}`);
  }
  return parts.join(" ");
}

function valueText(name: string, value: ByteReader): string {
  switch (name) {
    case "alpn":
      return list(value, () => {
        const protocol = value.range(value.uint8());
        return escapeDnsText(protocol.bytes, protocol.at, protocol.end, ",\\");
      });
    case "port":
      return String(value.uint16());
    case "ipv4hint":
      return list(value, () => addressAt(value, 4));
    case "ipv6hint":
      return list(value, () => addressAt(value, 6));
    default:
      return "";
  }
}

function list(value: ByteReader, read: () => string): string {
  const items: string[] = [];
  while (value.left > 0) items.push(read());
  return items.join(",");
}

function addressAt(value: ByteReader, version: 4 | 6): string {
  const { at } = value;
  return value.take(version === 4 ? 4 : 16) ? addressText(value.bytes, at, version) : "";
}
