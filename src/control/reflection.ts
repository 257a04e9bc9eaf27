/**
 * Server reflection, for grpcurl and its kind
 * (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md). The versions v1 and v1alpha
 * differ in their package name only: one implementation serves both.
 */
import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type {
  ServerReflection,
  ServerReflectionRequest,
} from "../wire/gen/grpc/reflection/v1/reflection_pb.ts";

/** Answers about `services`, their files, and what those import. */
export function createReflection(
  services: readonly DescService[],
): ServiceImpl<typeof ServerReflection> {
  const catalogue = new Catalogue(services);
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const messageResponse = catalogue.answer(request.messageRequest);
        yield { validHost: request.host, originalRequest: request, messageResponse };
      }
    },
  };
}

class Catalogue {
  private readonly services: { readonly name: string }[];
  /** By their full names: `lippycat/data/data.proto`. */
  private readonly files = new Map<string, DescFile>();
  /** The file of each service, method, message, field, oneof, enum and value by its full name. */
  private readonly symbols = new Map<string, DescFile>();
  private readonly messages = new Set<string>();

  constructor(services: readonly DescService[]) {
    this.services = services.map(({ typeName }) => ({ name: typeName }));
    this.services.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { file } of services) {
      for (const each of withImports(file)) this.add(each, each.proto);
    }
  }

  answer(request: ServerReflectionRequest["messageRequest"]) {
    switch (request.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: this.services } } as const;
      case "fileByFilename":
        return describe("file", request.value, this.files.get(request.value));
      case "fileContainingSymbol":
        return describe("symbol", request.value, this.symbols.get(request.value));
      case "fileContainingExtension":
        return notFound("extension of", request.value.containingType);
      case "allExtensionNumbersOfType":
        return this.extensionNumbers(request.value);
      case undefined:
        return failure(
          Code.InvalidArgument,
          "the request is of a kind that this node does not know",
        );
    }
  }

  /** The wire has no extensions, neither ours nor of what we import. */
  private extensionNumbers(baseTypeName: string) {
    if (!this.messages.has(baseTypeName)) return notFound("message", baseTypeName);
    const value = { baseTypeName, extensionNumber: [] };
    return { case: "allExtensionNumbersResponse", value } as const;
  }

  private add(file: DescFile, proto: FileDescriptorProto): void {
    this.files.set(proto.name, file);
    const scope = proto.package === "" ? "" : `${proto.package}.`;
    const note = (name: string) => this.symbols.set(name, file);
    const addEnum = (within: string, { name, value }: EnumDescriptorProto) => {
      note(within + name);
      // Values are siblings of their enum, not inside of it (as in C++).
      for (const each of value) note(within + each.name);
    };
    const addMessage = (within: string, message: DescriptorProto) => {
      const name = within + message.name;
      note(name);
      this.messages.add(name);
      for (const each of [...message.field, ...message.oneofDecl]) note(`${name}.${each.name}`);
      for (const each of message.enumType) addEnum(`${name}.`, each);
      for (const each of message.nestedType) addMessage(`${name}.`, each);
    };
    for (const each of proto.enumType) addEnum(scope, each);
    for (const each of proto.messageType) addMessage(scope, each);
    for (const { name, method } of proto.service) {
      note(scope + name);
      for (const each of method) note(`${scope}${name}.${each.name}`);
    }
  }
}

/** `file`, then everything it imports, each once. */
function withImports(file: DescFile): Set<DescFile> {
  const found = new Set([file]);
  // A set is walked over what is added on the way, too.
  for (const { dependencies } of found) for (const each of dependencies) found.add(each);
  return found;
}

function describe(kind: string, name: string, file: DescFile | undefined) {
  if (file === undefined) return notFound(kind, name);
  const fileDescriptorProto = [...withImports(file)].map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } } as const;
}

function notFound(kind: string, name: string) {
  const shown = quoteText(name, limits.settingShownCharsMax);
  return failure(Code.NotFound, `this node has no ${kind} ${shown}`);
}

function failure(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse", value: { errorCode, errorMessage } } as const;
}
