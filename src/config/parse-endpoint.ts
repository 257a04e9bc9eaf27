/** `host:port`, read and shown. */
import { isIPv4, isIPv6 } from "node:net";
import { quoteText } from "../base/safe-text.ts";
import type { Endpoint } from "./endpoint.ts";
import { limits } from "./limits.ts";
import type { Fault } from "./value-kinds.ts";

const wanted = {
  listen: "an address such as :50051, 0.0.0.0:50051, [::]:50051 or localhost:50051",
  dial: "host:port, such as 127.0.0.1:50051, [::1]:50051 or processor.example:50051",
} as const;

/**
 * `host:port`, where an IPv6 host stands in brackets. To listen, the host may be left out (every
 * address) and port 0 asks for a free one; to dial, both are needed.
 */
export function parseEndpoint(text: string, use: keyof typeof wanted): Endpoint | Fault {
  const shown = quoteText(text, limits.settingShownCharsMax);
  if (isIPv6(text) || (text.split(":").length > 2 && !text.startsWith("["))) {
    return { fault: `${shown}: put an IPv6 address in brackets, as in [::1]:50051` };
  }
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return { fault: `${shown} is not ${wanted[use]}` };
  const [, bracketed, bare, digits] = match;
  const host = bracketed ?? bare ?? "";
  const goodHost = bracketed === undefined ? isHost(host, use) : isIPv6(host);
  if (!goodHost) return { fault: `${shown} is not ${wanted[use]}` };
  if (use === "dial" && host.includes("%")) {
    // gRPC makes a URL of it, which has no zones.
    return {
      fault: `${shown}: an address with a zone cannot be dialled; take another, or a name`,
    };
  }
  const port = Number(digits);
  const portMin = use === "listen" ? 0 : 1;
  if (port < portMin || port > 65_535) {
    return { fault: `${shown}: a port is a number from ${portMin} to 65,535` };
  }
  return { host, port };
}

/** A host name (RFC 1123, with underscores) or an IPv4 address; all digits and dots is the latter. */
function isHost(host: string, use: keyof typeof wanted): boolean {
  if (host === "") return use === "listen";
  if (/^[\d.]+$/.test(host)) return isIPv4(host);
  return host.length <= 253 && /^[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/.test(host);
}

/** The text that `parseEndpoint` reads back. */
export function showEndpoint(endpoint: Endpoint): string {
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}
