/**
 * SIP messages (RFC 3261 section 7), as far as clients are told of them (docs/wire.md#messages,
 * SIPMetadata): start line, the headers that name the call, and the media addresses of an SDP body.
 *
 * Pure: reads `bytes[start, end)` alone and never throws. Texts are valid UTF-8 without control
 * characters; of a value longer than `limits.sipValueBytesMax` the beginning is kept.
 */
import { limits } from "../config/limits.ts";
import { HeaderNames, readHeaders } from "./message-headers.ts";
import { type MediaAddress, readMedia } from "./sdp.ts";
import { parseSipAddress } from "./sip-address.ts";
import { findLineFeed, isLineEnd, lineTextEnd, plainText } from "./text-line.ts";

/** Fields that the message does not have are "" or 0. */
export interface SipMessage {
  /** Of a request; "" for a response. */
  method: string;
  /** Of a response, 100 to 699; 0 for a request. */
  responseCode: number;
  /** Reason phrase of a response. */
  reason: string;
  callId: string;
  fromUser: string;
  fromUri: string;
  fromTag: string;
  toUser: string;
  toUri: string;
  toTag: string;
  /** Method of the request that this message is or answers. */
  cseqMethod: string;
  /** URI of the first P-Asserted-Identity value (RFC 3325). */
  pAssertedIdentity: string;
  /** Media type of the body without parameters, in lower case. */
  contentType: string;
  /** Where the sender wants to receive audio and video, by its SDP. */
  media: readonly MediaAddress[];
  /** Whether the range holds all of the headers, as far as they are read. */
  isHeadWhole: boolean;
  /** Whether it holds the body too, as long as Content-Length has it. */
  isWhole: boolean;
}

/** Full names of the headers that are read, and their compact forms (RFC 3261 section 7.3.3). */
const headerNames = new HeaderNames([
  ["call-id", "call-id"],
  ["i", "call-id"],
  ["from", "from"],
  ["f", "from"],
  ["to", "to"],
  ["t", "to"],
  ["cseq", "cseq"],
  ["p-asserted-identity", "p-asserted-identity"],
  ["content-type", "content-type"],
  ["c", "content-type"],
  ["content-length", "content-length"],
  ["l", "content-length"],
]);

const startLineBytesMax = 256;
const requestLine = /^([!%'*+\-.0-9A-Z_`a-z~]{1,32}) +\S/;
const statusLine = /^SIP\/\d\.\d +([1-6]\d\d)(?: +(.*))?$/i;
const versionEnd = / SIP\/\d\.\d$/i;

/** The SIP message at the start of the range, or undefined when there is none. Its end may be missing. */
export function dissectSip(bytes: Uint8Array, start: number, end: number): SipMessage | undefined {
  let at = start;
  while (at < end && isLineEnd(bytes[at])) at++;
  const headersEnd = Math.min(end, at + limits.sipHeaderBytesMax);
  const lineFeedAt = findLineFeed(bytes, at, headersEnd);
  if (lineFeedAt < 0) return undefined;
  const message = readStartLine(bytes, at, lineTextEnd(bytes, at, lineFeedAt));
  if (message === undefined) return undefined;
  const headers = new Map<string, string>();
  const { sipValueBytesMax } = limits;
  const bodyAt = readHeaders(
    headers,
    headerNames,
    bytes,
    lineFeedAt + 1,
    headersEnd,
    sipValueBytesMax,
  );
  setHeaders(message, headers);
  message.isHeadWhole = bodyAt >= 0 || headersEnd < end;
  if (bodyAt >= 0) readBody(message, headers, bytes, bodyAt, end);
  return message;
}

function readStartLine(bytes: Uint8Array, at: number, end: number): SipMessage | undefined {
  const line = plainText(bytes, at, end, startLineBytesMax);
  const status = statusLine.exec(line);
  if (status !== null) return emptyMessage("", Number(status[1]), status[2] ?? "");
  const method = requestLine.exec(line)?.[1];
  if (method === undefined) return undefined;
  // A long request URI: only the end of the line tells the version.
  const lineEnd = plainText(bytes, Math.max(at, end - 16), end, 16);
  return versionEnd.test(lineEnd) ? emptyMessage(method, 0, "") : undefined;
}

function emptyMessage(method: string, responseCode: number, reason: string): SipMessage {
  return {
    method,
    responseCode,
    reason,
    callId: "",
    fromUser: "",
    fromUri: "",
    fromTag: "",
    toUser: "",
    toUri: "",
    toTag: "",
    cseqMethod: "",
    pAssertedIdentity: "",
    contentType: "",
    media: [],
    isHeadWhole: false,
    isWhole: false,
  };
}

function setHeaders(message: SipMessage, headers: ReadonlyMap<string, string>): void {
  const from = parseSipAddress(headers.get("from") ?? "");
  const to = parseSipAddress(headers.get("to") ?? "");
  message.callId = headers.get("call-id") ?? "";
  message.fromUser = from.user;
  message.fromUri = from.uri;
  message.fromTag = from.tag;
  message.toUser = to.user;
  message.toUri = to.uri;
  message.toTag = to.tag;
  message.cseqMethod = /^\d+ +(\S{1,32})/.exec(headers.get("cseq") ?? "")?.[1] ?? "";
  message.pAssertedIdentity = parseSipAddress(headers.get("p-asserted-identity") ?? "").uri;
  const type = headers.get("content-type") ?? "";
  message.contentType = (type.split(";", 1)[0] as string).trim().toLowerCase();
}

/** Reads the media of a body that is SDP or has a part that is (RFC 5621 section 3.1). */
function readBody(
  message: SipMessage,
  headers: ReadonlyMap<string, string>,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  const length = /^\d{1,9}$/.exec(headers.get("content-length") ?? "");
  // Without a length the body goes on to the end of the datagram (RFC 3261 section 18.3).
  const bodyEnd = length === null ? end : Math.min(end, at + Number(length[0]));
  message.isWhole = length === null || at + Number(length[0]) <= end;
  const type = message.contentType;
  if (type !== "application/sdp" && !type.startsWith("multipart/")) return;
  message.media = readMedia(bytes, at, Math.min(bodyEnd, at + limits.sipBodyBytesMax));
}
