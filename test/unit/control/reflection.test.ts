import { describe, expect, test } from "bun:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { createReflection } from "../../../src/control/reflection.ts";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "../../../src/wire/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../src/wire/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { DataService } from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { TunnelClient } from "./tunnel-client.ts";

type Question = NonNullable<
  MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]
>;

/** Asks all on one stream and half-closes it. */
async function ask(questions: Question[], version = "v1"): Promise<ServerReflectionResponse[]> {
  const services = [MonitoringService, ManagementService, DataService, ServerReflection];
  const routes = new Map<string, Route>();
  addRoutes(routes, ServerReflection, createReflection(services));
  addRoutes(routes, ServerReflectionAlpha, createReflection(services));
  const client = new TunnelClient(routes);
  const call = client.open(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
  for (const messageRequest of questions) {
    const request = create(ServerReflectionRequestSchema, { host: "h", messageRequest });
    client.send(call, toBinary(ServerReflectionRequestSchema, request));
    await until(() => call.credit > 0);
  }
  client.post({ kind: "end", id: call.id });
  await until(() => call.status !== undefined);
  expect(call.status).toEqual({ code: 0, message: "" });
  // The two versions have the same bytes.
  return call.messages.map((bytes) => fromBinary(ServerReflectionResponseSchema, bytes));
}

async function files(question: Question): Promise<string[]> {
  const [answer] = await ask([question]);
  if (answer?.messageResponse.case !== "fileDescriptorResponse") return [];
  return answer.messageResponse.value.fileDescriptorProto.map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  );
}

describe("reflection", () => {
  test.each(["v1", "v1alpha"])("lists the services by name (%s)", async (version) => {
    const [answer] = await ask([{ case: "listServices", value: "*" }], version);
    expect(answer?.validHost).toBe("h");
    expect(answer?.originalRequest?.messageRequest).toEqual({ case: "listServices", value: "*" });
    expect(answer?.messageResponse.value).toMatchObject({
      service: [
        { name: "grpc.reflection.v1.ServerReflection" },
        { name: "lippycat.data.DataService" },
        { name: "lippycat.management.ManagementService" },
        { name: "lippycat.monitoring.MonitoringService" },
      ],
    });
  });

  test("gives a file with everything that it imports, each once and itself first", async () => {
    const value = "lippycat/monitoring/monitoring.proto";
    const found = await files({ case: "fileByFilename", value });
    expect(found[0]).toBe(value);
    expect(found.toSorted()).toEqual([
      "lippycat/data/data.proto",
      "lippycat/management/management.proto",
      value,
    ]);
  });

  test("gives it whole: what grows out of it is what the code was made from", async () => {
    const [answer] = await ask([{ case: "fileByFilename", value: "lippycat/data/data.proto" }]);
    if (answer?.messageResponse.case !== "fileDescriptorResponse") throw new Error("no file");
    const [bytes] = answer.messageResponse.value.fileDescriptorProto;
    const file = fromBinary(FileDescriptorProtoSchema, bytes as Uint8Array);
    expect(file).toEqual(DataService.file.proto);
    expect(file.service[0]?.method.map(({ name }) => name)).toContain("StreamPackets");
  });

  test.each([
    "lippycat.data.DataService",
    "lippycat.data.DataService.StreamPackets",
    "lippycat.data.PacketBatch",
    "lippycat.data.PacketBatch.hunter_id",
    "lippycat.data.PacketMetadata.DetailsEntry",
    "lippycat.data.FlowControl",
    "lippycat.data.FLOW_SLOW",
  ])("finds the file of %s", async (value) => {
    expect(await files({ case: "fileContainingSymbol", value })).toEqual([
      "lippycat/data/data.proto",
    ]);
  });

  test("finds a oneof", async () => {
    const value = "lippycat.management.TopologyUpdate.event";
    const [first] = await files({ case: "fileContainingSymbol", value });
    expect(first).toBe("lippycat/management/management.proto");
  });

  test("what is not there is an answer, and the stream goes on", async () => {
    const answers = await ask([
      { case: "fileByFilename", value: "../etc/passwd" },
      { case: "fileContainingSymbol", value: "lippycat.data.FlowControl.FLOW_SLOW" },
      { case: "fileContainingSymbol", value: "" },
      { case: "fileContainingSymbol", value: "constructor" },
      {
        case: "fileContainingExtension",
        value: { containingType: "lippycat.data.PacketBatch", extensionNumber: 9 },
      },
      { case: "allExtensionNumbersOfType", value: "lippycat.data.Nothing" },
      { case: undefined },
      { case: "allExtensionNumbersOfType", value: "lippycat.data.PacketBatch" },
    ]);
    const codes = answers.map(({ messageResponse }) =>
      messageResponse.case === "errorResponse" ? messageResponse.value.errorCode : 0,
    );
    const { NotFound, InvalidArgument } = Code;
    expect(codes).toEqual([...new Array(6).fill(NotFound), InvalidArgument, 0]);
    expect(answers[0]?.messageResponse.value).toMatchObject({
      errorMessage: 'this node has no file "../etc/passwd"',
    });
    expect(answers.at(-1)?.messageResponse.value).toMatchObject({
      baseTypeName: "lippycat.data.PacketBatch",
      extensionNumber: [],
    });
  });
});
