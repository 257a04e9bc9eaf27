import { describe, expect, test } from "bun:test";
import http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { boardWord } from "../../../src/pipeline/board.ts";
import {
  DataService,
  SubscribeRequestSchema,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import { MonitoringService } from "../../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { MockSubscriber, subscribePacketsPath } from "../../support/mock-subscriber.ts";
import { until } from "../../support/record-in-process.ts";
import { batchOf } from "../fanout/fanout-bench.ts";
import { frame, type OpenDoor, openDoor, RawCall } from "./open-door.ts";

function subscribers({ board }: OpenDoor): number {
  return Atomics.load(board.words, boardWord.subscribers);
}

/** Resolves when the node serves that many live views. */
async function watching(node: OpenDoor, count: number): Promise<void> {
  await until(() => node.fanout.size === count && subscribers(node) === count);
}

describe("a live view", () => {
  test.each([DataService.method.subscribePackets, MonitoringService.method.subscribePackets])(
    "of $parent.typeName gets what hunters send",
    async (method) => {
      const node = await openDoor();
      const view = new MockSubscriber(node.address, {}, method);
      await watching(node, 1);
      for (let sequence = 1; sequence <= 5; sequence++) node.fanout.offer(batchOf({ sequence }));
      await view.until(() => view.batches.length === 5);
      expect(view.sequencesOf("hunter")).toEqual([1, 2, 3, 4, 5]);
      view.close();
      await watching(node, 0);
      await node.close();
    },
  );

  test("beyond the limit is refused, and takes the place of one that left", async () => {
    const node = await openDoor({ subscribersMax: 2 });
    const [one, two] = [new MockSubscriber(node.address), new MockSubscriber(node.address)];
    await watching(node, 2);
    const three = new MockSubscriber(node.address);
    const { code, details } = await three.waitEnd();
    expect(code).toBe(8);
    expect(details).toContain("at most 2 subscribers (--max-subscribers)");
    one.close();
    await watching(node, 1);
    const four = new MockSubscriber(node.address);
    await watching(node, 2);
    for (const view of [two, three, four]) view.close();
    await node.close();
  });

  test("with an expression that is none gets INVALID_ARGUMENT, and leaves its place", async () => {
    const node = await openDoor({ subscribersMax: 1 });
    const wrong = new MockSubscriber(node.address, { bpfFilter: "prot tcp" });
    expect(await wrong.waitEnd()).toEqual({ code: 3, details: "prot tcp is no expression" });
    const right = new MockSubscriber(node.address);
    await watching(node, 1);
    for (const view of [wrong, right]) view.close();
    await node.close();
  });

  test("ends with UNAVAILABLE when the node stops", async () => {
    const node = await openDoor();
    const view = new MockSubscriber(node.address);
    await watching(node, 1);
    await node.close();
    expect(await view.waitEnd()).toEqual({ code: 14, details: "the node stops" });
    view.close();
  });
});

describe("a bad request", () => {
  const encode = (request: object) =>
    frame(toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, request)));
  const long = "x".repeat(limits.clientIdBytesMax + 1);
  const many = Array.from({ length: limits.selectionHuntersMax + 1 }, (_, index) => `h${index}`);
  test.each<[string, Buffer, string, string]>([
    ["that is no protobuf", frame(Buffer.from([0x0a, 0xff])), "3", "SubscribeRequest: "],
    ["with invalid UTF-8", frame(Buffer.from([0x1a, 1, 0xff])), "3", "SubscribeRequest: "],
    ["that is missing", Buffer.alloc(0), "3", "no SubscribeRequest"],
    ["that is cut off", Buffer.from([0, 0, 0, 0, 9, 1]), "3", "in the middle of a message"],
    ["that is compressed", frame(Buffer.alloc(1), 1), "12", "compressed"],
    ["that is too large", Buffer.from([0, 0x7f, 0, 0, 0]), "8", "is larger than 262144"],
    ["with a long client_id", encode({ clientId: long }), "3", "client_id is longer"],
    ["with many hunters", encode({ hasHunterFilter: true, hunterIds: many }), "3", "names 4097"],
  ])("%s gets a status that says so", async (_name, request, code, text) => {
    const node = await openDoor();
    const session = http2.connect(`http://${node.address}`);
    const call = new RawCall(node.address, session, subscribePacketsPath);
    if (request.length > 0) call.write(request);
    call.stream.end();
    await until(() => call.closed);
    expect(call.trailers["grpc-status"]).toBe(code);
    expect(decodeURIComponent(String(call.trailers["grpc-message"]))).toContain(text);
    expect(subscribers(node)).toBe(0);
    call.close();
    await node.close();
  });
});

test("bytes that several live views share stay as they are until the slowest has them", async () => {
  const node = await openDoor();
  const views = Array.from({ length: 6 }, () => new MockSubscriber(node.address));
  await watching(node, views.length);
  // Half of them read in fits and starts.
  const timer = setInterval(() => {
    for (const view of views.slice(3)) {
      if (view.isStalled) view.resume();
      else view.stall();
    }
  }, 3);
  const sizes = [20_000, 20_000];
  let sequence = 0;
  await until(() => {
    for (let count = 0; count < 8; count++) {
      const batch = batchOf({ sequence: ++sequence, sizes });
      const { bytes, dataStart, dataLength } = batch.view;
      for (const [index, start] of [...dataStart].slice(0, 2).entries()) {
        bytes.fill((sequence + index) & 0xff, start, start + (dataLength[index] as number));
      }
      node.fanout.offer(batch);
    }
    return sequence > 1200;
  });
  clearInterval(timer);
  for (const view of views) view.resume();
  const sent = () => node.fanout.takeReports().map(({ batchesSent }) => batchesSent);
  await until(() => sent().every((count, index) => views[index]?.batches.length === count));
  for (const view of views) {
    expect(view.end).toBeUndefined();
    expect(view.batches.length).toBeGreaterThan(100);
    for (const { sequence: number, packets } of view.batches) {
      for (const [index, { data }] of packets.entries()) {
        const expected = (Number(number) + index) & 0xff;
        if (data.length !== 20_000 || data.some((byte) => byte !== expected)) {
          throw new Error(`packet ${index} of batch ${number} was changed`);
        }
      }
    }
    view.close();
  }
  await node.close();
});
