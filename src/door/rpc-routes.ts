/** From a request to what serves it: every RPC is authorized before anything is done for it. */

import type { Authorization, AuthorizedRpc, Gate } from "../access/gate.ts";
import { timeoutOf } from "../grpc/deadline.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import { trailersOnly } from "../grpc/response.ts";
import { encodeHeaders, type HeaderPairs } from "../http2/header-encoder.ts";
import { fieldOf, type RequestHead } from "../http2/header-list.ts";
import type { Http2Stream, StreamHandler } from "../http2/http2-stream.ts";
import type { Connection } from "./connection.ts";

/** Header with the caller's API key (docs/wire.md#roles). */
export const keyHeader = "x-api-key";

/** An RPC that its caller may make. */
export interface Rpc {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly connection: Connection;
  readonly stream: Http2Stream;
  readonly headers: HeaderPairs;
  readonly authorization: Authorization;
}

/**
 * Serves an RPC until `closed` is called; answers by what the gate can end it, or the status with which
 * it is refused.
 */
export type RpcHandler = (rpc: Rpc, closed: () => void) => AuthorizedRpc | GrpcStatus;

export interface RpcRoutesOptions {
  /** By path. */
  readonly handlers: ReadonlyMap<string, RpcHandler>;
  readonly gate: Gate;
  /** Told of each RPC that its caller may make. */
  readonly onAuthorized: (connection: Connection, authorization: Authorization) => void;
}

export class RpcRoutes {
  private readonly options: RpcRoutesOptions;

  constructor(options: RpcRoutesOptions) {
    this.options = options;
  }

  /** Begins an RPC, or answers a request that is none. */
  serve(connection: Connection, stream: Http2Stream, head: RequestHead): void {
    const { handlers, gate, onAuthorized } = this.options;
    if (!isGrpcPost(head)) {
      answerPlain(stream, head);
      return;
    }
    const { path, fields } = head;
    const handle = handlers.get(path);
    if (handle === undefined) {
      refuse(stream, { code: grpcCode.unimplemented, message: `${path} is not served by weir` });
      return;
    }
    const timeoutMs = timeoutOf(fields);
    if (typeof timeoutMs === "string") {
      refuse(stream, { code: grpcCode.internal, message: timeoutMs });
      return;
    }
    let open: AuthorizedRpc | undefined;
    const { peer, certificate } = connection;
    const credentials = { peer, certificate, connection, key: keyOf(fields) };
    const authorization = gate.authorize(path, credentials, {
      end: (refusal) => open?.end(refusal),
      reconsider: () => open?.reconsider?.() === true,
    });
    if ("code" in authorization) {
      refuse(stream, authorization);
      return;
    }
    onAuthorized(connection, authorization);
    const rpc = { path, connection, stream, headers: fields, authorization };
    const deadline =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => open?.end(deadlineExceeded), timeoutMs);
    const closed = (): void => {
      clearTimeout(deadline);
      authorization.close();
    };
    const served = handle(rpc, closed);
    if ("code" in served) {
      closed();
      refuse(stream, served);
    } else open = served;
  }
}

/** Its client does not wait any more. */
const deadlineExceeded: GrpcStatus = {
  code: grpcCode.deadlineExceeded,
  message: "the client's deadline is over",
};

/** Nobody wants what comes of the stream. */
const nobody: StreamHandler = { onData: () => {}, onEnd: () => {}, onClose: () => {} };

/** Answers an RPC with nothing but a status. */
function refuse(stream: Http2Stream, status: GrpcStatus): void {
  stream.discard();
  stream.attach(nobody);
  stream.end(trailersOnly(status));
}

const plainText = Buffer.from("Weir speaks gRPC: POST with content-type application/grpc.\n");

/** Whoever speaks gRPC after all has a status. */
const otherMethod: HeaderPairs = [
  ["allow", "POST"],
  ["grpc-status", String(grpcCode.unimplemented)],
];

/** A request that is no RPC: a browser, curl, a probe. */
function answerPlain(stream: Http2Stream, { method }: RequestHead): void {
  stream.discard();
  stream.attach(nobody);
  const status = method === "POST" ? "415" : "405";
  stream.sendHeaders(
    encodeHeaders([
      [":status", status],
      ["content-type", "text/plain"],
      ["content-length", String(plainText.length)],
      ...(status === "405" ? otherMethod : []),
    ]),
  );
  if (method !== "HEAD") stream.send(plainText);
  stream.end();
}

/** With a subtype or a parameter, which change nothing; gRPC-Web is another protocol. */
const grpcType = /^application\/grpc($|[+;])/;

function isGrpcPost({ method, fields }: RequestHead): boolean {
  return method === "POST" && grpcType.test(fieldOf(fields, "content-type") ?? "");
}

/** The first value of the header. */
function keyOf(fields: HeaderPairs): string | undefined {
  return fieldOf(fields, keyHeader)?.split(",", 1)[0]?.trim();
}
