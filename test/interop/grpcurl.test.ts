/** grpcurl and grpc-health-probe, built from the modules that grpc-tools/go.mod names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { GoProgram } from "../support/go-program.ts";
import { type RunningProcessor, startProcessor } from "../support/weir-process.ts";

const folder = join(import.meta.dir, "grpc-tools");
const grpcurl = new GoProgram(folder, "github.com/fullstorydev/grpcurl/cmd/grpcurl");
const probe = new GoProgram(folder, "github.com/grpc-ecosystem/grpc-health-probe");

const reason = grpcurl.obstacle || probe.obstacle;
if (reason !== "") console.log(`skipped: grpcurl (${reason})`);

let node: RunningProcessor;

beforeAll(async () => {
  if (reason !== "") return;
  await Promise.all([grpcurl.build(), probe.build()]);
  node = await startProcessor(["--processor-id", "node-7"]);
}, 300_000);
afterAll(() => {
  node?.kill("SIGKILL");
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: readonly string[]): Promise<Ended> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Calls grpcurl with flags, then the node's address, then `words`. */
function curl(flags: readonly string[], ...words: readonly string[]): Promise<Ended> {
  return run([grpcurl.path, "-plaintext", "-max-time", "20", ...flags, node.address, ...words]);
}

describe.skipIf(reason !== "")("grpcurl", () => {
  test("lists services and their methods", async () => {
    const services = await curl([], "list");
    expect(services.stderr).toBe("");
    expect(services.stdout.trim().split("\n")).toEqual(
      expect.arrayContaining([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "lippycat.data.DataService",
        "lippycat.management.ManagementService",
      ]),
    );
    const methods = await curl([], "list", "lippycat.data.DataService");
    expect(methods.stdout.trim().split("\n")).toEqual([
      "lippycat.data.DataService.StreamPackets",
      "lippycat.data.DataService.SubscribeCorrelatedCalls",
      "lippycat.data.DataService.SubscribePackets",
    ]);
  });

  test("describes services, messages, enums and methods as the proto files have them", async () => {
    const all = await curl([], "describe");
    expect(all).toMatchObject({ code: 0, stderr: "" });
    const batch = await curl([], "describe", "lippycat.data.PacketBatch");
    expect(batch.stdout).toContain("repeated .lippycat.data.CapturedPacket packets = 4;");
    const flow = await curl([], "describe", "lippycat.data.FlowControl");
    expect(flow.stdout).toContain("FLOW_RESUME = 3;");
    const method = await curl([], "describe", "lippycat.management.ManagementService.GetFilters");
    expect(method.stdout).toContain("rpc GetFilters ( .lippycat.management.FilterRequest )");
    const none = await curl([], "describe", "lippycat.data.Nothing");
    expect(none.code).not.toBe(0);
    expect(none.stderr).toContain("Symbol not found");
  });

  test("calls: a registration in JSON is answered in JSON", async () => {
    const flags = ["-d", '{"hunterId":"h9","hostname":"edge"}'];
    const answer = await curl(flags, "lippycat.management.ManagementService/RegisterHunter");
    expect(answer.stderr).toBe("");
    expect(JSON.parse(answer.stdout)).toMatchObject({
      accepted: true,
      assignedId: "h9",
      config: { processorId: "node-7", batchSize: 64 },
    });
  });

  test("calls: the status of hunters, a number of 64 bits as text", async () => {
    const method = "lippycat.management.ManagementService/GetHunterStatus";
    const answer = await curl(["-d", "{}", "-emit-defaults"], method);
    expect(answer.stderr).toBe("");
    const status = JSON.parse(answer.stdout);
    expect(status.processorStats).toMatchObject({ processorId: "node-7" });
    expect(status.hunters).toEqual([expect.objectContaining({ hunterId: "h9", hostname: "edge" })]);
    expect(status.hunters[0].stats.packetsCaptured).toBe("0");
  });

  test("calls: a refused request has its status and text", async () => {
    const method = "lippycat.management.ManagementService/RegisterHunter";
    const refused = await curl(["-d", "{}"], method);
    expect(refused.code).toBe(64 + 3);
    expect(refused.stderr).toContain("Code: InvalidArgument");
    expect(refused.stderr).toContain("hunter_id is empty");
    const unknown = await curl(["-d", '{"nothing":1}'], method);
    expect(unknown.code).not.toBe(0);
    expect(unknown.stderr).toContain("has no known field named nothing");
  });

  test("checks health: of the node, of a service, of what is not served", async () => {
    const whole = await curl([], "grpc.health.v1.Health/Check");
    expect(JSON.parse(whole.stdout)).toEqual({ status: "SERVING" });
    const flags = ["-d", '{"service":"lippycat.data.DataService"}'];
    const one = await curl(flags, "grpc.health.v1.Health/Check");
    expect(JSON.parse(one.stdout)).toEqual({ status: "SERVING" });
    const none = await curl(["-d", '{"service":"x"}'], "grpc.health.v1.Health/Check");
    expect(none.code).toBe(64 + 5);
    expect(none.stderr).toContain("Code: NotFound");
  });
});

describe.skipIf(reason !== "")("grpc-health-probe", () => {
  test("finds the node and its services healthy, and says what is not served", async () => {
    const address = `-addr=${node.address}`;
    expect((await run([probe.path, address])).code).toBe(0);
    const service = "-service=lippycat.management.ManagementService";
    const one = await run([probe.path, address, service]);
    expect(one).toMatchObject({ code: 0 });
    expect(one.stderr).toContain("status: SERVING");
    expect((await run([probe.path, address, "-service=x"])).code).not.toBe(0);
  });
});
