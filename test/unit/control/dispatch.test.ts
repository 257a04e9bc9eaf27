import { afterEach, describe, expect, test } from "bun:test";
import { MessageChannel } from "node:worker_threads";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { limits } from "../../../src/config/limits.ts";
import { addRoutes, dispatch, type Route } from "../../../src/control/dispatch.ts";
import { anyone } from "../../../src/wire/caller.ts";
import {
  FilterRequestSchema,
  FilterUpdateSchema,
  type HunterHeartbeat,
  HunterHeartbeatSchema,
  HunterRegistrationSchema,
  ManagementService,
  ProcessorHeartbeatSchema,
  RegistrationResponseSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenCall, TunnelClient } from "./tunnel-client.ts";

const { tunnelUnreadMessagesMax: unreadMax } = limits;
const registerPath = "/lippycat.management.ManagementService/RegisterHunter";
const heartbeatPath = "/lippycat.management.ManagementService/Heartbeat";
const filtersPath = "/lippycat.management.ManagementService/SubscribeFilters";

let client: TunnelClient;
afterEach(() => client.port.close());

function serve(implementation: Partial<ServiceImpl<typeof ManagementService>>): TunnelClient {
  const routes = new Map<string, Route>();
  addRoutes(routes, ManagementService, implementation);
  client = new TunnelClient(routes);
  return client;
}

const registration = (hunterId: string): Uint8Array =>
  toBinary(HunterRegistrationSchema, create(HunterRegistrationSchema, { hunterId }));
const beat = (number: number): Uint8Array =>
  toBinary(
    HunterHeartbeatSchema,
    create(HunterHeartbeatSchema, { hunterId: "h", timestampNs: BigInt(number) }),
  );
const numbersOf = (call: OpenCall): number[] =>
  call.messages.map((bytes) => Number(fromBinary(ProcessorHeartbeatSchema, bytes).timestampNs));

const register = async (call: OpenCall, bytes: Uint8Array): Promise<void> => {
  client.send(call, bytes);
  client.post({ kind: "end", id: call.id });
  await until(() => call.status !== undefined);
};

describe("a unary call", () => {
  test("gets its answer and OK", async () => {
    serve({ registerHunter: ({ hunterId }) => ({ accepted: true, assignedId: hunterId }) });
    const call = client.open(registerPath);
    await register(call, registration("h1"));
    expect(call.status).toEqual({ code: 0, message: "" });
    expect(call.messages.length).toBe(1);
    const answer = fromBinary(RegistrationResponseSchema, call.messages[0] as Uint8Array);
    expect(answer).toMatchObject({ accepted: true, assignedId: "h1" });
  });

  test("that cannot be decoded is INVALID_ARGUMENT, and the service does not see it", async () => {
    let seen = 0;
    serve({
      registerHunter: () => {
        seen++;
        return {};
      },
    });
    const call = client.open(registerPath);
    await register(call, Uint8Array.of(0x0a, 0x7f, 0x41));
    expect(call.status?.code).toBe(Code.InvalidArgument);
    expect(call.status?.message).toStartWith("lippycat.management.HunterRegistration: ");
    expect(seen).toBe(0);
  });

  test("whose handler throws is INTERNAL with the message alone", async () => {
    serve({
      registerHunter: () => {
        throw new TypeError("the thing broke", { cause: new Error("a secret") });
      },
    });
    const call = client.open(registerPath);
    await register(call, registration("h1"));
    expect(call.status).toEqual({ code: Code.Internal, message: "the thing broke" });
  });

  test("whose handler throws an error of the wire has its code and text", async () => {
    serve({
      registerHunter: async () => {
        throw new ConnectError("no more of them", Code.ResourceExhausted);
      },
    });
    const call = client.open(registerPath);
    await register(call, registration("h1"));
    expect(call.status).toEqual({ code: Code.ResourceExhausted, message: "no more of them" });
  });

  test("whose handler answers nonsense fails alone", async () => {
    const answers: (() => never)[] = [
      () => {
        throw Object.assign(new Error("two\nlines"), { stack: "ours" });
      },
      () => ({ config: { batchSize: -1 } }) as never,
    ];
    serve({ registerHunter: () => (answers.shift() ?? (() => ({}) as never))() });
    for (let number = 0; number < 2; number++) {
      const call = client.open(registerPath);
      await register(call, registration("h1"));
      expect(call.status?.code).toBe(Code.Internal);
    }
    const good = client.open(registerPath);
    await register(good, registration("h1"));
    expect(good.status?.code).toBe(0);
  });
});

describe("a unary call that is cancelled", () => {
  test("has its signal aborted, and is answered CANCELLED once, whatever its handler says", async () => {
    const go = Promise.withResolvers<void>();
    let reason: unknown;
    serve({
      async registerHunter(_request, context) {
        const { signal } = context;
        await go.promise;
        ({ reason } = signal);
        return { accepted: true };
      },
    });
    const call = client.open(registerPath);
    client.send(call, registration("h1"));
    client.post({ kind: "cancel", id: call.id });
    const other = client.open("/nobody");
    await until(() => other.status !== undefined);
    expect(call.status).toBeUndefined();
    go.resolve();
    await until(() => call.status !== undefined);
    expect([call.status?.code, call.messages.length]).toEqual([Code.Canceled, 0]);
    expect(reason).toBeInstanceOf(ConnectError);
  });
});

describe("large unary answers", () => {
  test("are made one after the other while those before them are under way", async () => {
    const text = "x".repeat(limits.answersUnderWayBytesMax / 2);
    serve({ registerHunter: () => ({ accepted: true, assignedId: text }) });
    const calls = Array.from({ length: 20 }, () => client.open(registerPath));
    for (const call of calls) client.send(call, registration("h"));
    await until(() => calls.every(({ status }) => status !== undefined));
    for (const { status, messages } of calls) {
      expect(status?.code).toBe(0);
      const answer = fromBinary(RegistrationResponseSchema, messages[0] as Uint8Array);
      expect(answer.assignedId.length).toBe(text.length);
      // It was moved, not copied.
      expect(messages[0]?.byteLength).toBe(messages[0]?.buffer.byteLength as number);
    }
  });
});

describe("a path", () => {
  test("that nobody serves is UNIMPLEMENTED, and what comes for it is ignored", async () => {
    serve({ registerHunter: () => ({}) });
    for (const path of [heartbeatPath, "/x.Y/Z", "", "/__proto__/constructor"]) {
      const call = client.open(path);
      client.send(call, Uint8Array.of(1));
      client.post({ kind: "end", id: call.id });
      client.post({ kind: "cancel", id: call.id });
      await until(() => call.status !== undefined);
      expect(call.status?.code).toBe(Code.Unimplemented);
      expect(call.status?.message).toContain(`${path} is not served`);
    }
  });
});

describe("a unary call of a path that nobody serves", () => {
  test("is UNIMPLEMENTED in one message", async () => {
    const { port1, port2 } = new MessageChannel();
    dispatch(port1, new Map());
    const answered = Promise.withResolvers<unknown>();
    port2.on("message", (response) => answered.resolve(response));
    const opening = { id: 7, path: "/x.Y/Z", peer: "10.0.0.1:5", caller: anyone, metadata: [] };
    port2.postMessage({ kind: "unary", ...opening, bytes: new Uint8Array(3) });
    expect(await answered.promise).toEqual({
      kind: "answer",
      id: 7,
      code: Code.Unimplemented,
      message: "/x.Y/Z is not served by this version of Weir",
    });
    port2.close();
    serve({});
  });
});

describe("a bidirectional call", () => {
  const echo: Pick<ServiceImpl<typeof ManagementService>, "heartbeat"> = {
    async *heartbeat(beats) {
      for await (const { timestampNs } of beats) yield { timestampNs };
    },
  };

  test("answers while it is open, and ends with OK when the client does", async () => {
    serve(echo);
    const call = client.open(heartbeatPath);
    for (let number = 1; number <= 3; number++) {
      client.send(call, beat(number));
      await until(() => call.messages.length === number);
    }
    client.post({ kind: "end", id: call.id });
    await until(() => call.status !== undefined);
    expect(numbersOf(call)).toEqual([1, 2, 3]);
    expect(call.status?.code).toBe(0);
  });

  test("what came before the end of the client is answered", async () => {
    serve(echo);
    const call = client.open(heartbeatPath);
    for (let number = 1; number <= unreadMax; number++) client.send(call, beat(number));
    client.post({ kind: "end", id: call.id });
    await until(() => call.status !== undefined);
    expect(numbersOf(call)).toEqual(Array.from({ length: unreadMax }, (_, index) => index + 1));
  });

  test("a message that cannot be decoded ends it with INVALID_ARGUMENT", async () => {
    serve(echo);
    const call = client.open(heartbeatPath);
    client.send(call, beat(1));
    client.send(call, Uint8Array.of(0xff));
    await until(() => call.status !== undefined);
    expect(numbersOf(call)).toEqual([1]);
    expect(call.status?.code).toBe(Code.InvalidArgument);
    client.post({ kind: "message", id: call.id, bytes: beat(2) });
    const next = client.open(heartbeatPath);
    client.send(next, beat(9));
    await until(() => next.messages.length === 1);
    expect(call.messages.length).toBe(1);
  });

  test("a service that reads nothing gives no credit; one that reads gives all back", async () => {
    const go = Promise.withResolvers<void>();
    let read = 0;
    serve({
      // biome-ignore lint/correctness/useYield: it only reads
      async *heartbeat(beats: AsyncIterable<HunterHeartbeat>) {
        await go.promise;
        for await (const _ of beats) read++;
      },
    });
    const call = client.open(heartbeatPath);
    for (let number = 0; number < unreadMax; number++) client.send(call, beat(number));
    const other = client.open("/nobody");
    await until(() => other.status !== undefined);
    expect(call.credit).toBe(0);
    go.resolve();
    await until(() => call.credit === unreadMax);
    expect(read).toBe(unreadMax);
    client.post({ kind: "end", id: call.id });
    await until(() => call.status !== undefined);
  });

  test("a client that cancels ends it, and the service's loop", async () => {
    let ended = false;
    serve({
      async *heartbeat(beats) {
        try {
          for await (const { timestampNs } of beats) yield { timestampNs };
        } finally {
          ended = true;
        }
      },
    });
    const call = client.open(heartbeatPath);
    client.send(call, beat(1));
    await until(() => call.messages.length === 1);
    client.post({ kind: "cancel", id: call.id });
    await until(() => ended && call.status !== undefined);
    expect(call.status?.code).toBe(Code.Canceled);
  });
});

describe("a server stream", () => {
  const endless = (onEnd: () => void): Partial<ServiceImpl<typeof ManagementService>> => ({
    async *subscribeFilters() {
      try {
        for (let number = 0; ; number++) yield { filter: { id: String(number) } };
      } finally {
        onEnd();
      }
    },
  });
  const subscribe = (): OpenCall => {
    const call = client.open(filtersPath);
    const request = create(FilterRequestSchema, { hunterId: "h" });
    client.send(call, toBinary(FilterRequestSchema, request));
    return call;
  };
  const grant = (call: OpenCall, count: number): void =>
    client.post({ kind: "credit", id: call.id, count });

  test("sends at most as many messages as nobody has read", async () => {
    serve(endless(() => {}));
    const call = subscribe();
    let granted: number = unreadMax;
    await until(() => call.messages.length === granted);
    for (const count of [1, 3, 8, 16]) {
      const other = client.open("/nobody");
      await until(() => other.status !== undefined);
      expect(call.messages.length).toBe(granted);
      granted += count;
      grant(call, count);
      await until(() => call.messages.length === granted);
    }
    const ids = call.messages.map((bytes) => fromBinary(FilterUpdateSchema, bytes).filter?.id);
    expect(ids).toEqual(Array.from({ length: granted }, (_, index) => String(index)));
    client.post({ kind: "cancel", id: call.id });
  });

  test("that waits for credit ends when it is cancelled, and when the shard is gone", async () => {
    let ends = 0;
    serve(endless(() => ends++));
    const call = subscribe();
    await until(() => call.messages.length === unreadMax);
    client.post({ kind: "cancel", id: call.id });
    await until(() => call.status !== undefined);
    expect([call.status?.code, ends]).toEqual([Code.Canceled, 1]);
    const second = subscribe();
    await until(() => second.messages.length === unreadMax);
    client.port.close();
    await until(() => ends === 2);
  });

  test("that waits for something else hears of the cancellation by its signal", async () => {
    const aborted = Promise.withResolvers<unknown>();
    serve({
      async *subscribeFilters(_request: unknown, context: HandlerContext) {
        await new Promise<void>((resolve) => {
          context.signal.addEventListener("abort", () => {
            aborted.resolve(context.signal.reason);
            resolve();
          });
        });
      },
    });
    const call = subscribe();
    await until(() => call.credit === unreadMax);
    client.port.close();
    expect(await aborted.promise).toBeInstanceOf(ConnectError);
  });

  test("without a request is INVALID_ARGUMENT", async () => {
    serve(endless(() => {}));
    const call = client.open(filtersPath);
    client.post({ kind: "end", id: call.id });
    await until(() => call.status !== undefined);
    expect(call.status?.code).toBe(Code.InvalidArgument);
  });

  test("that fails half-way has sent what it had", async () => {
    serve({
      async *subscribeFilters() {
        yield { filter: { id: "1" } };
        throw new Error("then it broke");
      },
    });
    const call = subscribe();
    await until(() => call.status !== undefined);
    expect(call.messages.length).toBe(1);
    expect(call.status).toEqual({ code: Code.Internal, message: "then it broke" });
  });
});

test("a handler has the peer and the metadata of its call", async () => {
  let header: string | null = "";
  serve({
    registerHunter: (_request, context) => {
      header = context.requestHeader.get("user-agent");
      return {};
    },
  });
  await register(client.open(registerPath), registration("h"));
  expect(header).toBe("test");
});
