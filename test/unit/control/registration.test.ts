import { describe, expect, test } from "bun:test";
import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { limits } from "../../../src/config/limits.ts";
import {
  type HunterRegistrationSchema,
  ProcessorRegistrationResponseSchema,
  ProcessorRegistrationSchema,
  RegistrationResponseSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { ControlNode, managementPath } from "./control-node.ts";

describe("the registration of a hunter", () => {
  test("answers what the existing hunters expect, and notes who it was", async () => {
    const node = new ControlNode();
    const capabilities = { filterTypes: ["bpf", "sip_user"], maxBufferSize: 4096n, afXdp: true };
    const call = await node.register({
      hunterId: "h1",
      hostname: "edge",
      interfaces: ["eth0", "eth1"],
      version: "9",
      capabilities,
    });
    expect(call.status).toEqual({ code: 0, message: "" });
    const answer = fromBinary(RegistrationResponseSchema, call.messages[0] as Uint8Array);
    expect(answer).toMatchObject({ accepted: true, error: "", assignedId: "h1" });
    expect(answer.filters).toMatchObject([{ id: "for h1" }]);
    expect(answer.config).toMatchObject({
      batchSize: 64,
      batchTimeoutMs: 100,
      reconnectIntervalSec: 5,
      maxReconnectAttempts: 0,
      processorId: "node-1",
    });
    expect(node.roster.find("h1")).toMatchObject({
      hostname: "edge",
      interfaces: ["eth0", "eth1"],
      version: "9",
      capabilities: { ...capabilities, gpuAcceleration: false },
      remoteAddress: "10.2.2.2:99",
      registered: true,
    });
  });

  test("beyond the limit is RESOURCE_EXHAUSTED and names it; who is known comes again", async () => {
    const node = new ControlNode(2);
    for (const hunterId of ["a", "b"]) {
      expect((await node.register({ hunterId })).status?.code).toBe(0);
    }
    const refused = await node.register({ hunterId: "c" });
    expect(refused.status?.code).toBe(Code.ResourceExhausted);
    expect(refused.status?.message).toContain("at most 2 hunters (--max-hunters)");
    expect(node.roster.find("c")).toBeUndefined();
    expect((await node.register({ hunterId: "a" })).status?.code).toBe(0);
    const nobody = new ControlNode(0);
    expect((await nobody.register({ hunterId: "a" })).status?.code).toBe(Code.ResourceExhausted);
  });

  test("without a usable id, or longer than anybody needs, is INVALID_ARGUMENT", async () => {
    const node = new ControlNode();
    const bad: MessageInitShape<typeof HunterRegistrationSchema>[] = [
      {},
      { hunterId: "x".repeat(limits.hunterIdBytesMax + 1) },
      { hunterId: "x".repeat(1024 * 1024) },
      { hunterId: "a\nb" },
      { hunterId: "\u001b[31mred" },
      { hunterId: "a\u0000" },
      { hunterId: "\u0085" },
      { hunterId: "a", hostname: "x".repeat(limits.registrationBytesMax) },
      { hunterId: "a", version: "x".repeat(1024 * 1024) },
      { hunterId: "a", interfaces: Array.from({ length: 10_000 }, () => "x".repeat(100)) },
      { hunterId: "a", interfaces: Array.from({ length: limits.registrationBytesMax }, () => "") },
      { hunterId: "a", capabilities: { filterTypes: ["x".repeat(limits.registrationBytesMax)] } },
      // Six times as long once it is made safe to show.
      { hunterId: "a", hostname: "\u0007".repeat(limits.registrationBytesMax / 4) },
    ];
    for (const fields of bad) {
      const { status } = await node.register(fields);
      expect(status?.code).toBe(Code.InvalidArgument);
      expect(status?.message.length).toBeLessThan(200);
    }
    expect(node.roster.size).toBe(0);
    const most = Array.from({ length: 2000 }, (_, index) => `interface${index}`);
    expect((await node.register({ hunterId: "a", interfaces: most })).status?.code).toBe(0);
  });

  test("keeps texts as a terminal may show them", async () => {
    const node = new ControlNode();
    await node.register({
      hunterId: "größe 1",
      hostname: "a\u001b[2J",
      interfaces: ["eth0\r\n", "wlan0"],
      version: "1\u202e",
    });
    expect(node.roster.find("größe 1")).toMatchObject({
      hostname: "a\\u001b[2J",
      interfaces: ["eth0\\u000d\\u000a", "wlan0"],
      version: "1\\u202e",
    });
  });
});

describe("the registration of a processor", () => {
  const path = `${managementPath}/RegisterProcessor`;
  const schemas = [ProcessorRegistrationSchema, ProcessorRegistrationResponseSchema] as const;

  test("is answered, not accepted, with the reason", async () => {
    const fields = { processorId: "child", listenAddress: ":55555", version: "dev" };
    const answer = await new ControlNode().answer(path, schemas, fields);
    expect(answer).toMatchObject({ accepted: false, upstreamProcessorId: "node-1" });
    expect(answer.error).toContain("and no nodes below it");
  });

  test("without a usable id is INVALID_ARGUMENT", async () => {
    const node = new ControlNode();
    for (const processorId of ["", "x".repeat(1024 * 1024), "a\tb"]) {
      const { status } = await node.call(path, schemas[0], { processorId });
      expect(status?.code).toBe(Code.InvalidArgument);
    }
  });
});
