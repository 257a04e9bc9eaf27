/** RPCs with one answer of Connect's clients over grpc-js, against a server of grpc-js. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { Code, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { Metadata, status } from "@grpc/grpc-js";
import { FilterResponseSchema } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { cancelled, errorOf, listOf, RpcServer } from "./rpc-server.ts";

let server: RpcServer;
beforeEach(async () => {
  server = await RpcServer.start();
});
afterEach(async () => {
  await server.stop();
  expect(server.unhandled).toEqual([]);
});

describe("an RPC with one answer", () => {
  test("brings the message", async () => {
    server.getFilters = ({ request }, answer) => {
      answer(null, create(FilterResponseSchema, { filters: [{ id: request.hunterId }] }));
    };
    const { filters } = await server.management().getFilters({ hunterId: "edge-1" });
    expect(filters.map(({ id }) => id)).toEqual(["edge-1"]);
  });

  const codes = Object.values(status).filter((code) => typeof code === "number" && code > 0);
  test.each(codes as number[])("fails with code %d and the text of the status", async (code) => {
    const details = `“${status[code]}”: as it is, with a % and a \n`;
    server.getFilters = (_, answer) => answer({ code, details }, null);
    const error = await errorOf(server.management().getFilters({}));
    expect([error.code, error.rawMessage]).toEqual([code, details]);
    expect(error.cause).toMatchObject({ code, details });
    expect(Code[code]?.toUpperCase()).toBe(status[code]?.replaceAll("_", "").replace("LL", "L"));
  });

  test("takes headers there, headers and trailers back, text and bytes", async () => {
    const bytes = Buffer.from([0, 255, 44]);
    const there: unknown[] = [];
    server.getFilters = (call, answer) => {
      there.push(call.metadata.get("x-text"), call.metadata.get("x-bytes-bin"));
      const header = new Metadata();
      header.set("x-head", "h");
      header.add("x-head-bin", bytes);
      header.add("x-head-bin", Buffer.from([1]));
      call.sendMetadata(header);
      const trailer = new Metadata();
      trailer.set("x-tail", "t");
      trailer.set("x-tail-bin", bytes);
      answer(null, create(FilterResponseSchema), trailer);
    };
    const back: (string | null)[] = [];
    const headers = new Headers({ "x-text": "a b", "x-bytes-bin": encodeBinaryHeader(bytes) });
    headers.append("x-bytes-bin", encodeBinaryHeader(Buffer.from([7])));
    await server.management().getFilters(
      {},
      {
        headers,
        onHeader: (header) => back.push(header.get("x-head"), header.get("x-head-bin")),
        onTrailer: (trailer) => back.push(trailer.get("x-tail"), trailer.get("x-tail-bin")),
      },
    );
    expect(there).toEqual([["a b"], [bytes, Buffer.from([7])]]);
    const base64 = encodeBinaryHeader(bytes);
    expect(back).toEqual(["h", `${base64}, ${encodeBinaryHeader(Buffer.from([1]))}`, "t", base64]);
    expect(Buffer.from(decodeBinaryHeader(base64))).toEqual(bytes);
  });

  test("that fails shows headers and trailers", async () => {
    server.getFilters = (call, answer) => {
      const header = new Metadata();
      header.set("x-head", "h");
      call.sendMetadata(header);
      const metadata = new Metadata();
      metadata.set("x-tail", "t");
      answer({ code: status.ABORTED, details: "", metadata }, null);
    };
    const { metadata } = await errorOf(server.management().getFilters({}));
    expect([metadata.get("x-head"), metadata.get("x-tail")]).toEqual(["h", "t"]);
  });

  test("ends at its deadline, which the server hears of", async () => {
    const { promise: deadline, resolve } = Promise.withResolvers<unknown>();
    server.getFilters = (call) => resolve(call.getDeadline());
    const startMs = Date.now();
    const error = await errorOf(server.management().getFilters({}, { timeoutMs: 80 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(error.rawMessage).toMatch(/^Deadline exceeded after [\d.]+s/);
    expect(Number(await deadline)).toBeWithin(startMs, startMs + 5000);
    expect((await errorOf(server.management().getFilters({}, { timeoutMs: 0 }))).code).toBe(4);
  });

  test("is cancelled by its signal", async () => {
    const asked = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<void>();
    server.getFilters = (call) => {
      void cancelled(call).then(heard.resolve);
      asked.resolve();
    };
    const stop = new AbortController();
    const error = errorOf(server.management().getFilters({}, { signal: stop.signal }));
    await asked.promise;
    stop.abort(new Error("no time"));
    expect(await error).toMatchObject({ code: Code.Canceled, rawMessage: "no time" });
    await heard.promise;
  });

  test("is not sent when its signal is aborted already", async () => {
    let asked = 0;
    server.getFilters = (_, answer) => {
      asked++;
      answer(null, create(FilterResponseSchema));
    };
    const rpcs = server.management();
    expect((await errorOf(rpcs.getFilters({}, { signal: AbortSignal.abort() }))).code).toBe(1);
    await rpcs.getFilters({});
    expect(asked).toBe(1);
  });

  test("says so when the answer is larger than the limit", async () => {
    const description = "x".repeat(5000);
    server.getFilters = (_, answer) =>
      answer(null, create(FilterResponseSchema, { filters: [{ description }] }));
    const error = await errorOf(
      server.management({ "grpc.max_receive_message_length": 4096 }).getFilters({}),
    );
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toMatch(/^Received message larger than max \(5\d\d\d vs 4096\)$/);
  });

  test("fails when the server dies, when nobody is there, when the client is closed", async () => {
    server.getFilters = () => server.kill();
    const rpcs = server.management();
    expect((await errorOf(rpcs.getFilters({}))).code).toBe(Code.Unavailable);
    const nobody = await errorOf(rpcs.getFilters({}));
    expect(nobody).toMatchObject({ code: Code.Unavailable });
    expect(nobody.rawMessage).toContain("ECONNREFUSED");
    server.closeClients();
    expect((await errorOf(rpcs.getFilters({}))).rawMessage).toBe("Channel has been shut down");
  });

  test("fails for a header that is none", async () => {
    const error = await errorOf(
      server.management().getFilters({}, { headers: { "x-text": "\u00e9" } }),
    );
    expect(error.code).toBe(Code.Unknown);
  });

  test("keeps nothing of a signal that outlives it", async () => {
    server.getFilters = (_, answer) => answer(null, create(FilterResponseSchema));
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove.apply(signal, args);
    };
    server.subscribeFilters = (call) => call.end();
    const rpcs = server.management();
    await rpcs.getFilters({}, { signal });
    await listOf(rpcs.subscribeFilters({}, { signal }));
    expect(listeners).toBe(0);
  });
});
