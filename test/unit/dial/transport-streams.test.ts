/** Streams of Connect's clients over grpc-js, against a server of grpc-js. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { type CallOptions, Code } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import { Metadata, status } from "@grpc/grpc-js";
import {
  type FilterUpdate,
  FilterUpdateSchema,
  type HunterHeartbeat,
  ManagementService,
  ProcessorHeartbeatSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { type Both, cancelled, errorOf, listOf, RpcServer } from "./rpc-server.ts";

let server: RpcServer;
beforeEach(async () => {
  server = await RpcServer.start();
});
afterEach(async () => {
  await server.stop();
  expect(server.unhandled).toEqual([]);
});

function update(revision: number): FilterUpdate {
  return create(FilterUpdateSchema, { filter: { id: `f${revision}` } });
}

describe("a stream of answers", () => {
  test("brings messages, headers and trailers", async () => {
    server.subscribeFilters = (call) => {
      const header = new Metadata();
      header.set("x-head", call.request.hunterId);
      call.sendMetadata(header);
      for (let number = 0; number < 3; number++) call.write(update(number));
      const trailer = new Metadata();
      trailer.set("x-tail", "t");
      call.end(trailer);
    };
    const back: (string | null)[] = [];
    const options: CallOptions = {
      onHeader: (header) => back.push(header.get("x-head")),
      onTrailer: (trailer) => back.push(trailer.get("x-tail")),
    };
    const updates = await listOf(
      server.management().subscribeFilters({ hunterId: "edge-1" }, options),
    );
    expect(updates.map(({ filter }) => filter?.id)).toEqual(["f0", "f1", "f2"]);
    expect(back).toEqual(["edge-1", "t"]);
  });

  test("without any ends", async () => {
    server.subscribeFilters = (call) => call.end();
    expect(await listOf(server.management().subscribeFilters({}))).toEqual([]);
  });

  test("that is refused fails with its code and text", async () => {
    server.subscribeFilters = (call) =>
      call.emit("error", { code: status.NOT_FOUND, details: "no such hunter" });
    const error = await errorOf(listOf(server.management().subscribeFilters({})));
    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such hunter" });
  });

  test("fails after the messages before the failure", async () => {
    server.subscribeFilters = (call) => {
      for (let number = 0; number < 3; number++) call.write(update(number));
      setTimeout(() => call.emit("error", { code: status.ABORTED, details: "enough" }), 50);
    };
    const seen: FilterUpdate[] = [];
    const read = async (): Promise<void> => {
      for await (const message of server.management().subscribeFilters({})) seen.push(message);
    };
    expect(await errorOf(read())).toMatchObject({ code: Code.Aborted, rawMessage: "enough" });
    expect(seen).toHaveLength(3);
  });

  test("ends at its deadline, by its signal, and with its server", async () => {
    const rpcs = server.management();
    const late = await errorOf(listOf(rpcs.subscribeFilters({}, { timeoutMs: 60 })));
    expect(late.code).toBe(Code.DeadlineExceeded);

    const heard = Promise.withResolvers<void>();
    server.subscribeFilters = (call) => {
      void cancelled(call).then(heard.resolve);
      call.write(update(1));
    };
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _ of rpcs.subscribeFilters({}, { signal: stop.signal })) stop.abort();
    };
    expect((await errorOf(read())).code).toBe(Code.Canceled);
    await heard.promise;
    const early = errorOf(listOf(rpcs.subscribeFilters({}, { signal: stop.signal })));
    expect((await early).code).toBe(Code.Canceled);

    server.subscribeFilters = (call) => {
      call.write(update(1));
      setTimeout(() => server.kill(), 20);
    };
    expect((await errorOf(listOf(rpcs.subscribeFilters({})))).code).toBe(Code.Unavailable);
  });

  test("is not read further than its reader is", async () => {
    const count = 10_000;
    const targetHunters = ["x".repeat(1000)];
    let written = 0;
    server.subscribeFilters = (call) => {
      const fill = (): void => {
        while (written < count) {
          written++;
          const message = create(FilterUpdateSchema, {
            filter: { id: `${written}`, targetHunters },
          });
          if (!call.write(message)) return;
        }
        call.end();
      };
      call.on("drain", fill);
      fill();
    };
    const answers = server.management().subscribeFilters({})[Symbol.asyncIterator]();
    await answers.next();
    for (let before = -1; before !== written; await Bun.sleep(100)) before = written;
    // Windows and buffers of both sides.
    expect(written).toBeLessThan(1000);
    let read = 1;
    while ((await answers.next()).done !== true) read++;
    expect(read).toBe(count);
  });

  test("that its reader leaves is cancelled", async () => {
    const heard = Promise.withResolvers<void>();
    server.subscribeFilters = (call) => {
      void cancelled(call).then(heard.resolve);
      call.write(update(1));
    };
    const { subscribeFilters } = ManagementService.method;
    const request = async function* () {
      yield {};
    };
    const open = () =>
      server.transport().stream(subscribeFilters, undefined, undefined, undefined, request());
    for await (const _ of (await open()).message) break;
    await heard.promise;

    // Also while it waits for a message.
    const messages = (await open()).message[Symbol.asyncIterator]();
    await messages.next();
    const pending = messages.next();
    await messages.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
  });
});

describe("a stream both ways", () => {
  /** Answers each heartbeat, and ends when its client has. */
  function echo(call: Both): void {
    call.on("data", ({ timestampNs }: HunterHeartbeat) =>
      call.write(create(ProcessorHeartbeatSchema, { timestampNs })),
    );
    call.on("end", () => call.end());
  }

  async function* beats(count: number) {
    for (let number = 1; number <= count; number++) yield { timestampNs: BigInt(number) };
  }

  test("is half-closed when its input ends, and answers go on", async () => {
    const heard: HunterHeartbeat[] = [];
    server.heartbeat = (call) => {
      call.on("data", (beat: HunterHeartbeat) => heard.push(beat));
      call.on("end", () => {
        for (const { timestampNs } of heard) {
          call.write(create(ProcessorHeartbeatSchema, { timestampNs }));
        }
        call.end();
      });
    };
    const answers = await listOf(server.management().heartbeat(beats(100)));
    expect(answers.map(({ timestampNs }) => Number(timestampNs))).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });

  test("lets both speak in turn", async () => {
    server.heartbeat = echo;
    const sent = createWritableIterable<{ timestampNs: bigint }>();
    const answers = server.management().heartbeat(sent)[Symbol.asyncIterator]();
    for (const timestampNs of [1n, 2n, 3n]) {
      const answer = answers.next();
      await sent.write({ timestampNs });
      expect((await answer).value).toMatchObject({ timestampNs });
    }
    sent.close();
    expect((await answers.next()).done).toBe(true);
  });

  test("takes from its input no more than the server reads", async () => {
    const count = 10_000;
    const beat = { hunterId: "x".repeat(1000) };
    let made = 0;
    let read = 0;
    const paused = Promise.withResolvers<Both>();
    async function* input() {
      for (; made < count; made++) yield beat;
    }
    server.heartbeat = (call) => {
      call.on("data", () => {
        read++;
        if (read !== 1000) return;
        call.pause();
        paused.resolve(call);
      });
      call.on("end", () => call.end());
    };
    const answers = listOf(server.management().heartbeat(input()));
    const call = await paused.promise;
    for (let before = -1; before !== made; await Bun.sleep(100)) before = made;
    // Windows and buffers of both sides.
    expect(made - read).toBeLessThan(2500);
    call.resume();
    await answers;
    expect([made, read]).toEqual([count, count]);
  });

  test("closes its input when it ends first", async () => {
    server.heartbeat = (call) => call.emit("error", { code: status.ABORTED, details: "no" });
    const closed = Promise.withResolvers<void>();
    async function* input() {
      try {
        for (;;) {
          yield {};
          await Bun.sleep(5);
        }
      } finally {
        closed.resolve();
      }
    }
    expect((await errorOf(listOf(server.management().heartbeat(input())))).code).toBe(Code.Aborted);
    await closed.promise;

    const idle = createWritableIterable<object>();
    const first = idle.write({});
    expect((await errorOf(listOf(server.management().heartbeat(idle)))).code).toBe(Code.Aborted);
    await first.catch(() => {});
    await expect(idle.write({})).rejects.toThrow();
  });

  test("is cancelled when its input fails", async () => {
    const heard = Promise.withResolvers<void>();
    const read = Promise.withResolvers<void>();
    server.heartbeat = (call) => {
      void cancelled(call).then(heard.resolve);
      call.once("data", () => read.resolve());
    };
    async function* input() {
      yield {};
      await read.promise;
      throw new Error("no more");
    }
    const error = await errorOf(listOf(server.management().heartbeat(input())));
    expect(error).toMatchObject({ code: Code.Unknown, rawMessage: "no more" });
    await heard.promise;
  });

  test("fails for a message that cannot be encoded", async () => {
    server.heartbeat = echo;
    async function* input() {
      yield { timestampNs: 2n ** 80n };
    }
    const error = await errorOf(listOf(server.management().heartbeat(input())));
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toStartWith("Request message serialization failure");
  });
});
