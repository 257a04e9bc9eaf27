/** What is wrong with a call of the control plane is said in its status, and nothing else changes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DescMethod } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { ManagementService } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { ManagementClient } from "../support/management-client.ts";
import { connect, type StreamEnd } from "../support/mock-hunter.ts";
import { type RunningProcessor, startProcessor } from "../support/weir-process.ts";

const { INVALID_ARGUMENT, OK, CANCELLED, RESOURCE_EXHAUSTED } = grpc.status;
const management = ManagementService.method;
const monitoring = MonitoringService.method;
const bytes = (message: Buffer): Buffer => message;

const megabyte = Buffer.alloc(1024 * 1024, "x");

/** A message with one string, field 1 of each request that has an id. */
function withId(id: string | Buffer): Buffer {
  const text = Buffer.from(id as string);
  const head = [0x0a];
  let rest = text.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), text]);
}

/** Wire type 7 does not exist; a number without an end; a group that nobody closes. */
const undecodable = [Buffer.from([0x0f, 0x01]), Buffer.from([0xff]), Buffer.from([0x0b])];

/** No names for anybody: empty, controls, no UTF-8, too long. */
const badIds = [
  Buffer.alloc(0),
  withId("a\u0000b"),
  withId("a\nb"),
  withId("\u009b31m"),
  withId(Buffer.from([0x61, 0xff])),
  withId(megabyte),
];

let node: RunningProcessor;
let client: grpc.Client;

beforeAll(async () => {
  node = await startProcessor(["--workers", "2"]);
  client = connect(node.address);
});

afterAll(async () => {
  client.close();
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  expect(node.text).toBe("");
  expect(node.lines.filter(({ level }) => level === "error")).toEqual([]);
});

/** Sends these messages; how the call ends, or CANCELLED if it goes on after it has answered. */
function endOf(method: DescMethod, messages: readonly Buffer[]): Promise<StreamEnd> {
  const path = `/${method.parent.typeName}/${method.name}`;
  const call = client.makeBidiStreamRequest(path, bytes, bytes);
  return new Promise((resolve) => {
    call.on("data", () => {
      if (method.methodKind !== "unary") call.cancel();
    });
    call.on("error", () => {});
    call.on("status", ({ code, details }) => resolve({ code, details }));
    for (const message of messages) call.write(message);
    call.end();
  });
}

async function hunters(): Promise<number> {
  const other = new ManagementClient(node.address);
  const answer = await other.rpcs.getHunterStatus({});
  other.close();
  return answer.hunters.length + (answer.processorStats?.totalHunters ?? 0);
}

describe("an id that names nobody", () => {
  test.each([management.registerHunter, management.registerProcessor, management.heartbeat])(
    "is INVALID_ARGUMENT for $name",
    async (method) => {
      for (const message of badIds) {
        const { code, details } = await endOf(method, [message]);
        expect([code, details]).toEqual([
          INVALID_ARGUMENT,
          expect.stringMatching(/hunter_id|processor_id|utf-8/),
        ]);
        expect(details.length).toBeLessThan(200);
      }
      expect(await hunters()).toBe(0);
    },
  );

  test("finds nothing, where it is asked for", async () => {
    for (const message of [withId("nobody"), withId("a\u0000b"), withId(megabyte)]) {
      expect((await endOf(management.getHunterStatus, [message])).code).toBe(OK);
    }
    expect(await hunters()).toBe(0);
  });
});

const methods = [
  management.registerHunter,
  management.registerProcessor,
  management.heartbeat,
  management.getHunterStatus,
  management.listAvailableHunters,
  management.getTopology,
  management.subscribeTopology,
  monitoring.getHunterStatus,
  monitoring.getNodeStatus,
] as const;

describe("whatever the call", () => {
  test.each([...methods])(
    "bytes that are no message are INVALID_ARGUMENT: $name",
    async (method) => {
      for (const message of undecodable) {
        const { code, details } = await endOf(method, [message]);
        expect([code, details]).toEqual([
          INVALID_ARGUMENT,
          expect.stringContaining(method.input.typeName),
        ]);
      }
      expect(await hunters()).toBe(0);
    },
  );

  test.each(methods.filter(({ methodKind }) => methodKind !== "bidi_streaming"))(
    "a call without a message is INVALID_ARGUMENT: $name",
    async (method) => {
      expect((await endOf(method, [])).code).toBe(INVALID_ARGUMENT);
    },
  );

  test("a message that is too long is RESOURCE_EXHAUSTED", async () => {
    const message = withId(Buffer.alloc(5 * 1024 * 1024, "x"));
    const { code } = await endOf(management.registerHunter, [message]);
    expect(code).toBe(RESOURCE_EXHAUSTED);
  });

  test("fields that nobody knows are no fault, and nobody keeps them", async () => {
    // Field 1000 of a megabyte.
    const unknown = Buffer.concat([Buffer.from([0xc2, 0x3e]), withId(megabyte).subarray(1)]);
    for (const method of [management.listAvailableHunters, management.getTopology]) {
      expect((await endOf(method, [unknown])).code).toBe(OK);
    }
    const { code } = await endOf(monitoring.getHunterStatus, [unknown]);
    // It had answered, and would have gone on.
    expect(code).toBe(CANCELLED);
    expect(await hunters()).toBe(0);
  });
});
