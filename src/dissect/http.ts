/**
 * The head of an HTTP/1.x message (RFC 9112): what stands of it in one TCP payload. HTTP/2 is another
 * protocol on the wire.
 */
import { limits } from "../config/limits.ts";
import { HeaderNames, readHeaders } from "./message-headers.ts";
import { findLineFeed, isBlank, lineTextEnd, plainText, tokenEnd } from "./text-line.ts";

/** Texts are "" for what the message does not have, or does not have in this payload. */
export interface HttpRequest {
  readonly kind: "request";
  readonly method: string;
  /** As it was sent (section 3.2); the beginning, when the request line is cut. */
  readonly target: string;
  /** Path and query of the target: "" for CONNECT, `*` for OPTIONS of the whole server. */
  readonly path: string;
  /** Host and port: of the target when it names them, else of the Host header (section 3.2.2). */
  readonly host: string;
  /** `HTTP/1.1`. */
  readonly version: string;
  readonly userAgent: string;
}

export interface HttpResponse {
  readonly kind: "response";
  /** 100 to 999. */
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  /** Media type with its parameters, as it was sent. */
  readonly contentType: string;
}

export type HttpHead = HttpRequest | HttpResponse;

const versionText = "HTTP/1.";
const versionBytes = versionText.length + 1;
const methodBytesMin = 3;
const methodBytesMax = 20;
const space = 0x20;

const requestHeaders = new HeaderNames([
  ["host", "host"],
  ["user-agent", "user-agent"],
]);
const responseHeaders = new HeaderNames([["content-type", "content-type"]]);

/** The head of the message that starts the range; undefined when none does. Its end may be missing. */
export function dissectHttp(bytes: Uint8Array, start: number, end: number): HttpHead | undefined {
  const headEnd = Math.min(end, start + limits.httpHeadBytesMax);
  const wordEnd = tokenEnd(bytes, start, Math.min(headEnd, start + methodBytesMax + 1));
  const isRequest = wordEnd - start >= methodBytesMin && wordEnd - start <= methodBytesMax;
  if (isVersion(bytes, start, headEnd)) return readResponse(bytes, start, headEnd);
  return isRequest && wordEnd < headEnd && bytes[wordEnd] === space
    ? readRequest(bytes, start, wordEnd, headEnd)
    : undefined;
}

function readRequest(
  bytes: Uint8Array,
  start: number,
  methodEnd: number,
  end: number,
): HttpRequest | undefined {
  const method = plainText(bytes, start, methodEnd, methodBytesMax);
  const targetAt = methodEnd + 1;
  const lineFeedAt = findLineFeed(bytes, targetAt, end);
  const isCut = lineFeedAt < 0;
  let targetEnd: number;
  let version = "";
  if (isCut) {
    targetEnd = findSpace(bytes, targetAt, end);
  } else {
    // Blanks inside of a target are against the rules and occur: the version tells where it ends.
    const versionAt = lineTextEnd(bytes, targetAt, lineFeedAt) - versionBytes;
    if (versionAt <= targetAt || !isVersion(bytes, versionAt, lineFeedAt)) return undefined;
    if (!isBlank(bytes[versionAt - 1])) return undefined;
    version = plainText(bytes, versionAt, lineFeedAt, versionBytes);
    targetEnd = versionAt - 1;
  }
  const target = plainText(bytes, targetAt, targetEnd, limits.httpValueBytesMax);
  const { host, path } = splitTarget(method, target);
  // A line without its version is that of a request only if it goes on like one.
  if (isCut && host === "" && !/^[/*]/.test(path)) return undefined;
  const headers = new Map<string, string>();
  if (!isCut) readHead(headers, requestHeaders, bytes, lineFeedAt + 1, end);
  return {
    kind: "request",
    method,
    target,
    path,
    host: host === "" ? (headers.get("host") ?? "") : host,
    version,
    userAgent: headers.get("user-agent") ?? "",
  };
}

/** The parts of an origin, absolute, authority or asterisk form (section 3.2), without a password. */
function splitTarget(method: string, target: string): { host: string; path: string } {
  if (method === "CONNECT") return { host: target, path: "" };
  if (target.startsWith("/")) return { host: "", path: target };
  const absolute = /^[a-z][a-z0-9+.-]{0,30}:\/\/(?:[^/?#]*@)?([^/?#]*)(.*)$/i.exec(target);
  if (absolute === null) return { host: "", path: target };
  const [, host = "", rest = ""] = absolute;
  return { host, path: rest.startsWith("/") ? rest : `/${rest}` };
}

function readResponse(bytes: Uint8Array, start: number, end: number): HttpResponse | undefined {
  const lineFeedAt = findLineFeed(bytes, start, end);
  const lineEnd = lineFeedAt < 0 ? end : lineTextEnd(bytes, start, lineFeedAt);
  const line = plainText(bytes, start, lineEnd, limits.httpValueBytesMax);
  const parts = /^(HTTP\/1\.\d) ([1-9]\d\d)(?: (.*))?$/.exec(line);
  if (parts === null) return undefined;
  const headers = new Map<string, string>();
  if (lineFeedAt >= 0) readHead(headers, responseHeaders, bytes, lineFeedAt + 1, end);
  return {
    kind: "response",
    status: Number(parts[2]),
    reason: parts[3] ?? "",
    version: parts[1] as string,
    contentType: headers.get("content-type") ?? "",
  };
}

function readHead(
  headers: Map<string, string>,
  names: HeaderNames,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  readHeaders(headers, names, bytes, start, end, limits.httpValueBytesMax);
}

/** `HTTP/1.` and a digit. */
function isVersion(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < versionBytes) return false;
  for (let index = 0; index < versionText.length; index++) {
    if (bytes[at + index] !== versionText.charCodeAt(index)) return false;
  }
  const digit = bytes[at + versionText.length] as number;
  return digit >= 0x30 && digit <= 0x39;
}

function findSpace(bytes: Uint8Array, at: number, end: number): number {
  const index = bytes.subarray(at, end).indexOf(space);
  return index < 0 ? end : at + index;
}
