/** The data of a DNS record as one line of text, near to the presentation form of its RFC. */
import { addressText } from "../base/address-text.ts";
import { limits } from "../config/limits.ts";
import type { ByteReader } from "./byte-reader.ts";
import { escapeDnsText, readDnsName } from "./dns-name.ts";
import { dnsTypeName } from "./dns-numbers.ts";
import { serviceBindingText } from "./dns-service-binding.ts";

/**
 * Text of the record's data, which goes to the end of `reader`: ASCII, of a longer one the first
 * `limits.dnsDataCharsMax`. Types that are not known here, and data that contradicts its type, are
 * `TYPE (length bytes)`.
 */
export function dnsDataText(reader: ByteReader, type: number, messageStart: number): string {
  const length = reader.left;
  const text = formats.get(type)?.(reader, messageStart) ?? "";
  if (text === "" || reader.isShort) return `${dnsTypeName(type)} (${length} bytes)`;
  return text.slice(0, limits.dnsDataCharsMax);
}

type Format = (reader: ByteReader, messageStart: number) => string;

const name: Format = (reader, messageStart) => {
  const text = readDnsName(reader, messageStart);
  if (text === "") reader.isShort = true;
  return text;
};

/** Names, numbers and strings in their order, with blanks between them; the last may be empty. */
function fields(...parts: readonly Format[]): Format {
  return (reader, start) =>
    parts
      .map((part) => part(reader, start))
      .join(" ")
      .trimEnd();
}

const uint8: Format = (reader) => String(reader.uint8());
const uint16: Format = (reader) => String(reader.uint16());
const uint32: Format = (reader) => String(reader.uint32());

/** A character-string (RFC 1035 section 3.3), in quotes. */
const quoted: Format = (reader) => quote(reader.range(reader.uint8()));

/** All that is left, in quotes. */
const quotedRest: Format = (reader) => quote(reader.range(reader.left));

/** A short word: the tag of a CAA record. */
const word: Format = (reader) => {
  const tag = reader.range(reader.uint8());
  return escapeDnsText(tag.bytes, tag.at, tag.end, "");
};

const strings: Format = (reader, messageStart) => {
  let text = "";
  // What is cut off later need not be read.
  while (reader.left > 0 && text.length <= limits.dnsDataCharsMax) {
    text += `${text === "" ? "" : " "}${quoted(reader, messageStart)}`;
  }
  return text;
};

function quote(content: ByteReader): string {
  return `"${escapeDnsText(content.bytes, content.at, content.end, '"\\', true)}"`;
}

function address(version: 4 | 6): Format {
  const length = version === 4 ? 4 : 16;
  return (reader) => (reader.left === length ? addressText(reader.bytes, reader.at, version) : "");
}

const formats: ReadonlyMap<number, Format> = new Map([
  [1, address(4)],
  [2, name],
  [5, name],
  [6, fields(name, name, uint32, uint32, uint32, uint32, uint32)],
  [12, name],
  [15, fields(uint16, name)],
  [16, strings],
  [28, address(6)],
  [33, fields(uint16, uint16, uint16, name)],
  // RFC 3403 section 4.1: how telephone numbers and domains name their SIP servers.
  [35, fields(uint16, uint16, quoted, quoted, quoted, name)],
  [39, name],
  [64, fields(uint16, name, serviceBindingText)],
  [65, fields(uint16, name, serviceBindingText)],
  [99, strings],
  // RFC 8659 section 4.1.
  [257, fields(uint8, word, quotedRest)],
]);
