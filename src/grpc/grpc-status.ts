/** The status of an RPC: code and text, and how both travel (gRPC over HTTP/2, "Responses"). */

/** A code of `grpcCode`, and words for a person; "" when there is nothing to say. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

/** https://grpc.io/docs/guides/status-codes */
export const grpcCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

const statusNames = new Map<number, string>(
  Object.entries(grpcCode).map(([name, code]) => [
    code,
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
  ]),
);

/** `UNAVAILABLE` for 14, `code 99` for what gRPC does not define. */
export function statusName(code: number): string {
  return statusNames.get(code) ?? `code ${code}`;
}

export function invalidArgument(message: string): GrpcStatus {
  return { code: grpcCode.invalidArgument, message };
}

/** The client may come again at once. */
export function unavailable(message: string): GrpcStatus {
  return { code: grpcCode.unavailable, message };
}

export const statusOk: GrpcStatus = { code: grpcCode.ok, message: "" };

/**
 * `grpc-message` in UTF-8 where `%` and all bytes but 0x20-0x7E are percent-encoded, and nothing else:
 * some clients show the text as it came (gRPC over HTTP/2, Percent-Encoded).
 */
export function percentEncode(text: string): string {
  return text.toWellFormed().replaceAll(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}

/** The text of a `grpc-message`; what is not percent-encoded as it should be is left as it came. */
export function percentDecode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll("%", ""), "hex");
    return bytes.toString("utf8");
  });
}

/** gRPC code of an HTTP status that came without `grpc-status` (gRPC, "HTTP to gRPC Status Code Mapping"). */
export function codeOfHttpStatus(status: number): number {
  switch (status) {
    case 400:
      return grpcCode.internal;
    case 401:
      return grpcCode.unauthenticated;
    case 403:
      return grpcCode.permissionDenied;
    case 404:
      return grpcCode.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcCode.unavailable;
    default:
      return grpcCode.unknown;
  }
}

/** gRPC code of a stream that was reset (gRPC over HTTP/2, "HTTP2 Transport Mapping: Errors"). */
export function codeOfReset(code: number): number {
  switch (code) {
    case 7:
      return grpcCode.unavailable;
    case 8:
      return grpcCode.cancelled;
    case 11:
      return grpcCode.resourceExhausted;
    case 12:
      return grpcCode.permissionDenied;
    default:
      return grpcCode.internal;
  }
}
