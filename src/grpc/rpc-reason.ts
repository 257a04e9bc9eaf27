/** Why an RPC failed, in words for a person. */
import { statusName } from "./grpc-status.ts";

/** What grpc-js says when the other side is no gRPC server. */
const foreignReasons: ReadonlyArray<readonly [RegExp, string]> = [
  [/Protocol error/, "the program there does not speak gRPC (HTTP/2)"],
  [
    /Received HTTP status code (\d+)/,
    "the program there answers with HTTP status $1, like a web server, not with gRPC",
  ],
  [/Call ended without gRPC status/, "it ended the RPC without a gRPC status"],
];

const connectReasons: ReadonlyArray<readonly [RegExp, string]> = [
  [/ECONNREFUSED/, "connection refused"],
  [/ENOTFOUND|Name resolution failed|EAI_/, "there is no host of that name"],
  [/ETIMEDOUT|timed out/i, "it does not answer"],
  [/EHOSTUNREACH|ENETUNREACH/, "no route to it"],
  [/ECONNRESET/, "connection reset"],
  [
    /Failed to connect/,
    "it closes connections at once: the node may be full, or require TLS (--tls)",
  ],
];

/** Whether an error of an RPC shows that something else than a gRPC server is at the address. */
export function isForeign(details: string): boolean {
  return foreignReasons.some(([pattern]) => pattern.test(details));
}

/** grpc-js puts the time of the attempt into its text, which makes the same reason look new. */
const connectionFrame =
  /^No connection established\. Last error: (.*?)(?: \([\d-]+T[\d:.]+Z\))?\. Resolution note: ?$/;

/** Why an RPC failed, for a person: the reason in words where it is known, else code and text. */
export function rpcReason(code: number, details: string): string {
  for (const [pattern, text] of foreignReasons) {
    const found = pattern.exec(details);
    if (found !== null) return text.replace("$1", found[1] ?? "");
  }
  const name = statusName(code);
  if (name === "UNAVAILABLE" || name === "DEADLINE_EXCEEDED") {
    const known = connectReasons.find(([pattern]) => pattern.test(details));
    if (known !== undefined) return known[1];
    if (name === "DEADLINE_EXCEEDED") return "it does not answer";
  }
  const text = details.replace(connectionFrame, "$1");
  return text === "" ? name : `${name}: ${text}`;
}
