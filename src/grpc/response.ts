/** What an RPC is answered with, as header blocks and prefixes (gRPC over HTTP/2, "Responses"). */
import { encodeHeaders } from "../http2/header-encoder.ts";
import { type GrpcStatus, percentEncode } from "./grpc-status.ts";

/** Before the first message. */
export const responseHead: Buffer = encodeHeaders([
  [":status", "200"],
  ["content-type", "application/grpc"],
  ["grpc-accept-encoding", "identity"],
]);

const okTrailers = encodeHeaders([["grpc-status", "0"]]);

/** Behind the last message. */
export function trailersOf({ code, message }: GrpcStatus): Buffer {
  if (code === 0 && message === "") return okTrailers;
  return encodeHeaders([
    ["grpc-status", String(code)],
    ...(message === "" ? [] : [["grpc-message", percentEncode(message)] as const]),
  ]);
}

/** Head and trailers in one, of an RPC without messages ("Trailers-Only"). */
export function trailersOnly({ code, message }: GrpcStatus): Buffer {
  return encodeHeaders([
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", String(code)],
    ["grpc-message", percentEncode(message)],
  ]);
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
