/** Services of protobuf-es as servers of grpc-js take them. */
import { type DescService, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ServiceDefinition } from "@grpc/grpc-js";

/** Its methods by the names that TypeScript has for them: `registerHunter`. */
export function definitionOf(service: DescService): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map(({ parent, name, localName, methodKind, input, output }) => [
      localName,
      {
        path: `/${parent.typeName}/${name}`,
        requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
        responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
        requestSerialize: (message) => Buffer.from(toBinary(input, message)),
        requestDeserialize: (bytes) => fromBinary(input, bytes),
        responseSerialize: (message) => Buffer.from(toBinary(output, message)),
        responseDeserialize: (bytes) => fromBinary(output, bytes),
      },
    ]),
  );
}
