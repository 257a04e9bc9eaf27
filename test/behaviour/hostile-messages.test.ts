/**
 * Every RPC of every service that the generated code has, with messages that no honest client sends:
 * each call is answered with a status that says so, nothing is stored, and the node goes on.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type DescFile, type DescMethod, fromBinary } from "@bufbuild/protobuf";
import {
  FilterResponseSchema,
  StatusResponseSchema,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { type HostileMessage, hostileMessages } from "../support/hostile-messages.ts";
import type { StreamEnd } from "../support/mock-hunter.ts";
import { framed, type RawCall, RawConnection } from "../support/raw-connection.ts";
import { type RunningProcessor, startProcessor } from "../support/weir-process.ts";

const ok = 0;
const invalidArgument = 3;
const resourceExhausted = 8;
const unimplemented = 12;
/** UNKNOWN, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS, and an end without a status. */
const faults = [2, 10, 13, 14, 15, -1];
/** A call that was taken and goes on. */
const goesOn = "goes on";

const generated = join(import.meta.dir, "../../src/wire/gen");
const files = [...new Bun.Glob("**/*_pb.ts").scanSync({ cwd: generated })];
const modules: Record<string, unknown>[] = await Promise.all(
  files.map((file) => import(join(generated, file)) as Promise<Record<string, unknown>>),
);
const methods = modules
  .flatMap((module) => Object.entries(module))
  .filter(([name]) => name.startsWith("file_"))
  .flatMap(([, file]) => (file as DescFile).services)
  .flatMap((service) => service.methods);

const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;
const cases = methods.map((method) => [pathOf(method), method] as const);

let node: RunningProcessor;
let connection: RawConnection;

beforeAll(async () => {
  node = await startProcessor(["--workers", "2"]);
  connection = new RawConnection(node.address);
});
afterAll(() => {
  connection.close();
  node.kill("SIGKILL");
});

async function ask(path: string, message = new Uint8Array(0)): Promise<RawCall> {
  const call = connection.call(path);
  call.halfClose(framed(message));
  await call.waitEnd();
  return call;
}

/** How a call with that message ends, or that it goes on when others behind it are answered. */
async function endOf(path: string, bytes: Uint8Array): Promise<StreamEnd | typeof goesOn> {
  const call = connection.call(path);
  const endsAtOnce = path.endsWith("/Heartbeat") || path.endsWith("ServerReflectionInfo");
  if (endsAtOnce) call.halfClose(framed(bytes));
  else call.write(framed(bytes));
  if (path.endsWith("/StreamPackets")) call.halfClose();
  const end = call.waitEnd();
  let isOver = false;
  void end.then(() => {
    isOver = true;
  });
  for (let others = 0; others < 2 && !isOver; others++) {
    const health = await ask("/grpc.health.v1.Health/Check");
    expect(health.end?.code).toBe(ok);
  }
  if (isOver || endsAtOnce) return await end;
  const late = await Promise.race([end, Bun.sleep(call.httpStatus === 200 ? 50 : 5000)]);
  call.stream.close(8);
  return late ?? goesOn;
}

async function endsOf(
  path: string,
  messages: readonly HostileMessage[],
): Promise<Map<string, StreamEnd | typeof goesOn>> {
  const ends = new Map<string, StreamEnd | typeof goesOn>();
  for (const { name, bytes } of messages) ends.set(name, await endOf(path, bytes));
  return ends;
}

/** Texts inside of packets that are not UTF-8 cost these texts only (docs/ingest.md). */
function isRefused(method: DescMethod, { name, isUndecodable }: HostileMessage): boolean {
  return isUndecodable && !(method.name === "StreamPackets" && name.startsWith("packets."));
}

const codeOf = (end: StreamEnd | typeof goesOn): number => (end === goesOn ? ok : end.code);

test("every service of the generated code is there, and has methods", () => {
  const services = new Set(methods.map((method) => method.parent.typeName));
  expect(services.size).toBeGreaterThanOrEqual(6);
  expect(methods.length).toBeGreaterThanOrEqual(26);
});

describe.each(cases)("%s", (path, method) => {
  const messages = hostileMessages(method.input);

  test("refuses what is no message of its kind", async () => {
    const ends = await endsOf(
      path,
      messages.filter((message) => isRefused(method, message)),
    );
    const allowed = [invalidArgument, unimplemented];
    const wrong = [...ends].filter(([, end]) => !allowed.includes(codeOf(end)));
    expect(wrong).toEqual([]);
  }, 300_000);
});

test("nothing was stored of all that", async () => {
  const status = (await ask("/lippycat.management.ManagementService/GetHunterStatus")).messages[0]!;
  const { hunters, processorStats } = fromBinary(StatusResponseSchema, status);
  expect(hunters.length).toBe(0);
  expect(processorStats?.totalPacketsReceived).toBe(0n);
  const filters = (await ask("/lippycat.management.ManagementService/GetFilters")).messages[0]!;
  expect(fromBinary(FilterResponseSchema, filters).filters).toEqual([]);
});

describe.each(cases)("%s", (path, method) => {
  const messages = hostileMessages(method.input);

  test("answers what is odd with a status that is no fault of its own", async () => {
    const ends = await endsOf(
      path,
      messages.filter((message) => !isRefused(method, message)),
    );
    const wrong = [...ends].filter(([, end]) => faults.includes(codeOf(end)));
    expect(wrong).toEqual([]);
  }, 300_000);

  test("does not wait for what does not come, nor takes more than it may", async () => {
    const none = connection.call(path);
    none.halfClose();
    const long = connection.call(path);
    // A length of 1 GiB.
    long.write(Buffer.from([0, 0x40, 0, 0, 0]));
    const compressed = connection.call(path);
    compressed.write(Buffer.from([1, 0, 0, 0, 1, 0]));
    const torn = connection.call(path);
    torn.halfClose(Buffer.from([0, 0, 0, 0, 9, 1]));
    const calls = [none, long, compressed, torn];
    const codes = (await Promise.all(calls.map((call) => call.waitEnd()))).map(({ code }) => code);
    expect([ok, invalidArgument, unimplemented]).toContain(codes[0]!);
    expect(codes.slice(1)).toEqual([resourceExhausted, unimplemented, invalidArgument]);
  });
});

test("no thread died, and the node stops in good order", async () => {
  expect((await ask("/grpc.health.v1.Health/Check")).end?.code).toBe(ok);
  expect(connection.closed).toBe(false);
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  expect(node.lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(node.text).toBe("");
});
