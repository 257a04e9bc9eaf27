/** The response of an RPC that is served without grpc-js (gRPC over HTTP/2, "Responses"). */
import type { ServerHttp2Stream } from "node:http2";

/** Sends the headers; trailers follow when the stream asks for them with `wantTrailers`. */
export function respondGrpc(http: ServerHttp2Stream): void {
  http.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity",
    },
    { waitForTrailers: true },
  );
}

/** What comes before a message that is not compressed. */
export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** One message with its prefix, not compressed (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function messageFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

export function sendTrailersOf(http: ServerHttp2Stream, { code, message }: GrpcStatus): void {
  http.sendTrailers({
    "grpc-status": String(code),
    ...(message === "" ? {} : { "grpc-message": percentEncode(message) }),
  });
}

/** Answers an RPC with nothing but a status (gRPC "Trailers-Only"). */
export function refuseGrpc(http: ServerHttp2Stream, { code, message }: GrpcStatus): void {
  http.on("error", () => http.destroy());
  http.once("finish", () => setImmediate(() => http.close(0)));
  http.resume();
  http.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": String(code),
      "grpc-message": percentEncode(message),
    },
    { endStream: true },
  );
}

/**
 * `grpc-message` in UTF-8 where `%` and all bytes but 0x20-0x7E are percent-encoded, and nothing else:
 * some clients show the text as it came (gRPC over HTTP/2, Percent-Encoded).
 */
export function percentEncode(text: string): string {
  return text.toWellFormed().replaceAll(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}
