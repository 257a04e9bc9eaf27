/** A call of any method with a message that none can decode: how the node answers before it looks at one. */
import * as grpc from "@grpc/grpc-js";
import type { StreamEnd } from "./mock-hunter.ts";

const bytes = (message: Buffer): Buffer => message;

/** Tag of a field, and then nothing. */
const undecodable = Buffer.from([0x0a]);

/** A client whose every call shows this key; none when it is "". */
export function connectWithKey(
  address: string,
  key: string,
  security: grpc.ChannelCredentials = grpc.credentials.createInsecure(),
): grpc.Client {
  const showKey: grpc.Interceptor = (options, nextCall) =>
    new grpc.InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        if (key !== "") metadata.set("x-api-key", key);
        next(metadata, listener);
      },
    });
  return new grpc.Client(address, security, {
    "grpc.use_local_subchannel_pool": 1,
    interceptors: [showKey],
  });
}

/** How the call at `path` ends. */
export function endOfCall(
  client: grpc.Client,
  path: string,
  message: Buffer = undecodable,
): Promise<StreamEnd> {
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(path, bytes, bytes);
    call.on("status", ({ code, details }) => resolve({ code, details }));
    call.on("error", () => {});
    call.on("data", () => {});
    call.write(message);
    call.end();
  });
}
