/** Calls whose bytes the test writes itself, below gRPC: torn messages, odd headers, pings. */
import http2 from "node:http2";
import net from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { StreamControlSchema } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { type Ack, type StreamEnd, streamPacketsPath } from "./mock-hunter.ts";

/** The five bytes before a gRPC message. */
export function messagePrefix(length: number, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([messagePrefix(message.length), message]);
}

/** One HTTP/2 connection without a gRPC library. */
export class RawConnection {
  readonly session: http2.ClientHttp2Session;
  closed = false;

  /** @param localAddress an address of this machine that it comes from, such as 127.0.0.9 */
  constructor(address: string, localAddress?: string) {
    const [host, port] = address.split(":");
    const connect = () => net.connect({ host, port: Number(port), localAddress } as never);
    this.session = http2.connect(`http://${address}`, {
      ...(localAddress === undefined ? {} : { createConnection: connect }),
    });
    this.session.on("error", () => {});
    this.session.on("close", () => {
      this.closed = true;
    });
  }

  call(path: string = streamPacketsPath, headers: http2.OutgoingHttpHeaders = {}): RawCall {
    return new RawCall(
      this.session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      }),
    );
  }

  /** Milliseconds until the ping is answered. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.session.ping((error, duration) => (error ? reject(error) : resolve(duration)));
    });
  }

  close(): void {
    this.session.destroy();
  }
}

/** One call; `end` is its gRPC status, code -1 when it ended without one. */
export class RawCall {
  readonly stream: http2.ClientHttp2Stream;
  readonly messages: Buffer[] = [];
  httpStatus = 0;
  end: StreamEnd | undefined = undefined;
  private rest: Buffer = Buffer.alloc(0);
  private readonly closed = Promise.withResolvers<StreamEnd>();

  constructor(stream: http2.ClientHttp2Stream) {
    this.stream = stream;
    let status: StreamEnd = { code: -1, details: "" };
    const read = (headers: http2.IncomingHttpHeaders): void => {
      if (headers["grpc-status"] === undefined) return;
      const details = decodeURIComponent(String(headers["grpc-message"] ?? ""));
      status = { code: Number(headers["grpc-status"]), details };
    };
    stream.on("response", (headers) => {
      this.httpStatus = Number(headers[":status"]);
      read(headers);
    });
    stream.on("trailers", read);
    stream.on("data", (chunk: Buffer) => this.take(chunk));
    stream.on("error", () => {});
    stream.on("close", () => {
      this.end = status;
      this.closed.resolve(status);
    });
  }

  get acks(): Ack[] {
    return this.messages
      .map((message) => fromBinary(StreamControlSchema, message))
      .map(({ ackSequence, flowControl, error }) => ({
        sequence: ackSequence,
        flow: flowControl,
        error,
      }))
      .filter(({ sequence }) => sequence !== 0n);
  }

  write(bytes: Uint8Array): boolean {
    if (this.stream.destroyed || this.stream.writableEnded) return false;
    return this.stream.write(bytes);
  }

  halfClose(bytes?: Uint8Array): void {
    if (bytes === undefined) this.stream.end();
    else this.stream.end(bytes);
  }

  waitEnd(): Promise<StreamEnd> {
    return this.closed.promise;
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 5) {
      const end = 5 + this.rest.readUInt32BE(1);
      if (this.rest.length < end) return;
      this.messages.push(this.rest.subarray(5, end));
      this.rest = this.rest.subarray(end);
    }
  }
}
