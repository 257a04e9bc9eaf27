/** RPCs of Connect's clients (`createClient`) over a client of grpc-js. */
import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  ConnectError,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import type { Client, ServiceError, CallOptions as WireOptions } from "@grpc/grpc-js";
import { errorOfAbort, errorOfStatus } from "./rpc-error.ts";
import { addMetadata, type HeaderFields, metadataOf } from "./rpc-headers.ts";
import { StreamRpc } from "./stream-rpc.ts";

interface RpcOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly header: HeaderFields;
}

/**
 * Each RPC rejects with a ConnectError of rpc-error.ts. `timeoutMs` becomes the deadline of gRPC. An
 * abort of the signal cancels the RPC.
 *
 * A stream is read and written ahead no further than grpc-js does it: 16 messages each way. Its
 * reader cancels it with `return()`. The iterables of `createClient` have no `return()`: whoever
 * leaves one of those before its end aborts the signal.
 *
 * `client` stays with the caller, who closes it.
 */
export function createGrpcTransport(client: Client): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input) =>
      rejectAsConnect(() => unaryRpc(client, method, { signal, timeoutMs, header }, input)),
    stream: (method, signal, timeoutMs, header, input) =>
      rejectAsConnect(() => openStream(client, method, { signal, timeoutMs, header }, input)),
  };
}

/** grpc-js throws when its client is closed, Metadata for a header that is none. */
async function rejectAsConnect<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw ConnectError.from(error);
  }
}

function unaryRpc<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  { signal, timeoutMs, header }: RpcOptions,
  input: MessageInitShape<I>,
): Promise<UnaryResponse<I, O>> {
  if (signal?.aborted === true) throw errorOfAbort(signal);
  const { promise, resolve, reject } = Promise.withResolvers<UnaryResponse<I, O>>();
  const answer = { header: new Headers(), trailer: new Headers() };
  const call = client.makeUnaryRequest(
    pathOf(method),
    serializer(method.input),
    deserializer(method.output),
    create(method.input, input),
    metadataOf(header),
    wireOptions(timeoutMs),
    (error: ServiceError | null, message?: MessageShape<O>) => {
      signal?.removeEventListener("abort", cancel);
      if (signal?.aborted === true && error !== null) reject(errorOfAbort(signal));
      else if (error !== null) reject(errorOfStatus(error, answer.header));
      // The trailers come right after the message.
      else if (message !== undefined) {
        call.once("status", ({ metadata }) => {
          addMetadata(answer.trailer, metadata);
          resolve({ ...answer, stream: false, service: method.parent, method, message });
        });
      }
    },
  );
  const cancel = (): void => call.cancel();
  call.on("metadata", (metadata) => addMetadata(answer.header, metadata));
  signal?.addEventListener("abort", cancel);
  return promise;
}

async function openStream<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodStreaming<I, O>,
  { signal, timeoutMs, header }: RpcOptions,
  input: AsyncIterable<MessageInitShape<I>>,
): Promise<StreamResponse<I, O>> {
  if (signal?.aborted === true) throw errorOfAbort(signal);
  // On the wire a stream of one message is a stream as any other.
  const call = client.makeBidiStreamRequest(
    pathOf(method),
    serializer(method.input),
    deserializer(method.output),
    metadataOf(header),
    wireOptions(timeoutMs),
  );
  const rpc = new StreamRpc(call, signal);
  void rpc.send(input, (message) => create(method.input, message));
  await rpc.opened;
  return { ...rpc.headers, stream: true, service: method.parent, method, message: rpc };
}

function pathOf({ parent, name }: DescMethodUnary | DescMethodStreaming): string {
  return `/${parent.typeName}/${name}`;
}

function serializer<D extends DescMessage>(desc: D): (message: MessageShape<D>) => Buffer {
  return (message) => {
    const bytes = toBinary(desc, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function deserializer<D extends DescMessage>(desc: D): (bytes: Buffer) => MessageShape<D> {
  return (bytes) => fromBinary(desc, bytes);
}

function wireOptions(timeoutMs: number | undefined): WireOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}
