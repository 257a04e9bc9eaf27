/**
 * One RPC at a client, on its HTTP/2 stream: messages go as they are, answers come one by one, and a
 * status ends it (gRPC over HTTP/2, "Requests" and "Responses").
 */
import type { Http2Connection } from "../http2/connection.ts";
import { encodeHeaders, type HeaderPairs } from "../http2/header-encoder.ts";
import { fieldOf, type ResponseHead } from "../http2/header-list.ts";
import type { Http2Stream, StreamHandler } from "../http2/http2-stream.ts";
import { errorCode } from "../http2/protocol.ts";
import { Envelope } from "./envelope.ts";
import {
  codeOfHttpStatus,
  codeOfReset,
  type GrpcStatus,
  grpcCode,
  percentDecode,
} from "./grpc-status.ts";
import type { MessageRoom } from "./message-budget.ts";

export interface ClientRpcOptions {
  readonly connection: Http2Connection;
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Host and port, as the server is called. */
  readonly authority: string;
  readonly scheme: "http" | "https";
  /** Names in lower case. */
  readonly metadata: HeaderPairs;
  /** Of one answer. */
  readonly messageBytesMax: number;
  /** One answer; `bytes` are to be read at once. */
  readonly onMessage: (bytes: Buffer) => void;
  /** Once, last. `isAnswer`: the server gave it, where others are made here. */
  readonly onStatus: (status: GrpcStatus, isAnswer: boolean) => void;
}

/** Answers need no room that others could want: a client has few RPCs, and each has its limit. */
const ownRoom: MessageRoom = {
  reserve: () => true,
  release: () => {},
  forget: () => {},
  othersWait: () => false,
};

export class ClientRpc {
  private readonly options: ClientRpcOptions;
  private readonly stream: Http2Stream | undefined;
  private readonly envelope: Envelope;
  private httpStatus = 0;
  private status: GrpcStatus | undefined = undefined;
  private told = false;

  constructor(options: ClientRpcOptions) {
    this.options = options;
    this.envelope = new Envelope({
      messageBytesMax: options.messageBytesMax,
      room: ownRoom,
      done: (bytes) => this.stream?.done(bytes),
      take: (bytes, length) => {
        options.onMessage(bytes.subarray(0, length));
        return true;
      },
      wait: () => {},
      refuse: (fault) => {
        const message =
          fault.kind === "compressed"
            ? "a compressed message, which was not asked for"
            : `a message of ${fault.length} bytes; at most ${options.messageBytesMax} are taken`;
        this.fail({ code: grpcCode.resourceExhausted, message }, errorCode.cancel);
      },
    });
    const { connection, path, authority, scheme, metadata } = options;
    const head = encodeHeaders([
      [":method", "POST"],
      [":scheme", scheme],
      [":path", path],
      [":authority", authority],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ...metadata,
    ]);
    this.stream = connection.request(head, this.handler());
    if (this.stream === undefined) {
      const message = "the server takes no more RPCs on this connection";
      queueMicrotask(() => this.tell({ code: grpcCode.unavailable, message }));
    }
  }

  /** Bytes that were sent here and have not gone. */
  get queuedBytes(): number {
    return this.stream?.queuedBytes ?? 0;
  }

  /** A message with its prefix, which must not change until `taken`. */
  write(frames: Uint8Array, taken?: () => void): void {
    this.stream?.send(frames, taken);
  }

  /** The client has sent its last message. */
  halfClose(): void {
    this.stream?.end();
  }

  /** Ends the RPC at once. Its status is CANCELLED. */
  cancel(): void {
    this.fail({ code: grpcCode.cancelled, message: "cancelled" }, errorCode.cancel);
  }

  private handler(): StreamHandler {
    return {
      onHead: (head) => this.onHead(head),
      onTrailers: (fields) => {
        this.status = statusOf(fields);
      },
      onData: (bytes, start, end) => {
        if (this.httpStatus === 200) this.envelope.push(bytes, start, end);
        else this.stream?.done(end - start);
      },
      onEnd: () => this.onEnd(),
      onClose: (code) => this.onClose(code),
    };
  }

  private onHead({ status, fields }: ResponseHead): void {
    this.httpStatus = status;
    this.status = statusOf(fields);
    const type = fieldOf(fields, "content-type") ?? "";
    if (this.status !== undefined || (status === 200 && type.startsWith("application/grpc")))
      return;
    this.httpStatus = status === 200 ? 0 : status;
    this.status = {
      code: codeOfHttpStatus(status),
      message: `Received HTTP status code ${status} (content-type ${type || "none"})`,
    };
  }

  private onEnd(): void {
    const missing = {
      code: grpcCode.internal,
      message: "Call ended without gRPC status",
    };
    this.tell(this.status ?? missing);
    // A server that has ended it reads no more (RFC 9113 section 8.1).
    if (this.stream?.localEnded === false) this.stream.reset(errorCode.cancel);
  }

  private onClose(code: number | undefined): void {
    const message =
      code === undefined
        ? "Call ended without gRPC status"
        : `the stream was reset with code ${code}`;
    this.tell(this.status ?? { code: codeOfReset(code ?? 0), message });
  }

  private fail(status: GrpcStatus, code: number): void {
    this.tell(status);
    this.stream?.reset(code);
  }

  private tell(status: GrpcStatus): void {
    if (this.told) return;
    this.told = true;
    this.envelope.close();
    this.options.onStatus(status, status === this.status);
  }
}

function statusOf(fields: HeaderPairs): GrpcStatus | undefined {
  const code = fieldOf(fields, "grpc-status");
  if (code === undefined) return undefined;
  const isNumber = /^[0-9]{1,3}$/.test(code);
  const message = percentDecode(fieldOf(fields, "grpc-message") ?? "");
  return { code: isNumber ? Number(code) : grpcCode.unknown, message };
}
