/** What a header list must be (RFC 9113 sections 8.1 to 8.3), and what of it HTTP itself says. */
import type { HeaderPairs } from "./header-encoder.ts";

export interface RequestHead {
  readonly method: string;
  readonly scheme: string;
  readonly path: string;
  readonly authority: string;
  /** All fields that are no pseudo-header, in their order. */
  readonly fields: HeaderPairs;
}

export interface ResponseHead {
  readonly status: number;
  readonly fields: HeaderPairs;
}

/** Of a connection, and so of none of its messages (RFC 9113 section 8.2.2). */
const connectionFields = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const requestPseudos = new Set([":method", ":scheme", ":path", ":authority"]);
/** Lower case, visible, and no colon but the first of a pseudo-header (section 8.2.1). */
const nameShape = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No NUL, CR or LF, and no white space at either end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const badValue = /[\0\r\n]|^[ \t]|[ \t]$/;

/** A request, or why it is malformed. */
export function readRequest(fields: HeaderPairs): RequestHead | string {
  const pseudo = readPseudos(fields, requestPseudos);
  if (typeof pseudo === "string") return pseudo;
  const { values, rest } = pseudo;
  const method = values.get(":method") ?? "";
  const scheme = values.get(":scheme") ?? "";
  const path = values.get(":path") ?? "";
  if (method === "") return "a request without :method";
  if (method !== "CONNECT" && (scheme === "" || path === ""))
    return "a request without :path or :scheme";
  const authority = values.get(":authority") ?? fieldOf(rest, "host") ?? "";
  return { method, scheme, path, authority, fields: rest };
}

/** A response, or why it is malformed. */
export function readResponse(fields: HeaderPairs): ResponseHead | string {
  const pseudo = readPseudos(fields, new Set([":status"]));
  if (typeof pseudo === "string") return pseudo;
  const status = pseudo.values.get(":status") ?? "";
  if (!/^[1-5][0-9]{2}$/.test(status)) return "a response without :status";
  return { status: Number(status), fields: pseudo.rest };
}

/** Trailers, or why they are malformed. */
export function readTrailers(fields: HeaderPairs): HeaderPairs | string {
  const pseudo = readPseudos(fields, new Set());
  return typeof pseudo === "string" ? pseudo : pseudo.rest;
}

/** The first value of that name. */
export function fieldOf(fields: HeaderPairs, name: string): string | undefined {
  return fields.find(([own]) => own === name)?.[1];
}

/** Length of the body that the fields announce; -1 for none, a text when there is no telling. */
export function contentLength(fields: HeaderPairs): number | string {
  let length = -1;
  for (const [name, value] of fields) {
    if (name !== "content-length") continue;
    if (!/^[0-9]{1,15}$/.test(value)) return "a content-length that is no number";
    if (length >= 0 && length !== Number(value)) return "two content-lengths";
    length = Number(value);
  }
  return length;
}

function readPseudos(
  fields: HeaderPairs,
  known: ReadonlySet<string>,
): { values: ReadonlyMap<string, string>; rest: HeaderPairs } | string {
  const values = new Map<string, string>();
  const rest: (readonly [string, string])[] = [];
  for (const field of fields) {
    const [name, value] = field;
    if (!nameShape.test(name)) return "a field name that HTTP/2 does not have";
    if (badValue.test(value)) return "a field value that HTTP/2 does not have";
    if (name.startsWith(":")) {
      if (rest.length > 0) return "a pseudo-header behind other fields";
      if (!known.has(name)) return "a pseudo-header that does not belong here";
      if (values.has(name)) return "a pseudo-header twice";
      values.set(name, value);
      continue;
    }
    if (connectionFields.has(name)) return "a field of connections, which HTTP/2 does not have";
    if (name === "te" && value !== "trailers") return "te with another value than trailers";
    rest.push(field);
  }
  return { values, rest };
}
