/**
 * The clients of a node: what `weir list`, `show`, `set` and `rm` ask it, and how they show what it
 * says (docs/wire.md#command-line-client).
 */
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { limits } from "../config/limits.ts";
import type { Dialer } from "../dial/dialer.ts";
import { callFailure } from "./call-failure.ts";

/** One connection to a node; it is made by the first call. */
export interface NodeClient {
  /** One question and its answer. Rejects with a `WeirError` of call-failure.ts. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>>;
  close(): void;
}

const channelOptions = {
  "grpc.enable_retries": 0,
  // A node may have more filters than fit into the 4 MiB that the existing client takes.
  "grpc.max_receive_message_length": limits.clientMessageBytesMax,
} as const;

/** `callMsMax` is the deadline of each call. */
export function connectNode(dialer: Dialer, callMsMax: number = limits.clientRpcMsMax): NodeClient {
  const client = dialer.connect(channelOptions);
  return {
    call({ parent, name, input, output }, request) {
      const { promise, resolve, reject } = Promise.withResolvers<MessageShape<typeof output>>();
      client.makeUnaryRequest(
        `/${parent.typeName}/${name}`,
        (bytes: Buffer) => bytes,
        (bytes) => fromBinary(output, bytes),
        Buffer.from(toBinary(input, create(input, request))),
        { deadline: Date.now() + callMsMax },
        (error: ServiceError | null, answer?: MessageShape<typeof output>) => {
          if (answer !== undefined && error === null) resolve(answer);
          else reject(callFailure({ dialer, method: name, callMsMax }, error));
        },
      );
      return promise;
    },
    close: () => client.close(),
  };
}
