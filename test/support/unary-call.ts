/** One unary call of any service, with what the existing clients set on it. */
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type * as grpc from "@grpc/grpc-js";

const bytes = (message: Buffer): Buffer => message;

/** Rejects with a `ServiceError`. No deadline unless one is given. */
export function callUnary<M extends DescMethodUnary>(
  client: grpc.Client,
  method: M,
  request: MessageInitShape<M["input"]>,
  deadlineMs?: number,
): Promise<MessageShape<M["output"]>> {
  const path = `/${method.parent.typeName}/${method.name}`;
  const message = Buffer.from(toBinary(method.input, create(method.input, request)));
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, bytes, bytes, message, options, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(fromBinary(method.output, answer as Buffer) as MessageShape<M["output"]>);
    });
  });
}
