/** SubscribeCorrelatedCalls: what several hunters saw of a call is one call (docs/calls.md). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type CorrelatedCallUpdate,
  DataService,
  PacketMetadataSchema,
} from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { encodeBatch, type PacketToEncode } from "../support/encode-batch.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { ethernet, ipv4, udpDatagram } from "../support/packets.ts";
import { ServerStream } from "../support/server-stream.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import { second, sipMessage } from "../support/sip-sighting.ts";
import { type RunningProcessor, runWeir, startProcessor } from "../support/weir-process.ts";

const capture = join(import.meta.dir, "../captures/sip.pcapng");
const { subscribeCorrelatedCalls } = DataService.method;
type Subscriber = ServerStream<typeof subscribeCorrelatedCalls>;

const nodes: RunningProcessor[] = [];
afterAll(() => {
  for (const node of nodes) node.kill("SIGKILL");
});

async function start(workers: number): Promise<RunningProcessor> {
  const node = await startProcessor(["--workers", String(workers)]);
  nodes.push(node);
  return node;
}

function subscribe(node: RunningProcessor): Subscriber {
  return new ServerStream(node.address, subscribeCorrelatedCalls, { clientId: "same" });
}

interface Message {
  readonly start: string;
  readonly cseq?: string;
  readonly callId?: string;
  readonly tags?: readonly [string, string];
  readonly users?: readonly [string, string];
  readonly seconds?: number;
}

const numbers = ["15550001111", "15550002222"] as const;

/** A message of a call as it is on the wire, seen by a hunter that knows nothing of SIP. */
function rawPacket(message: Message): PacketToEncode {
  const { start, callId = "leg-a@x", cseq = "INVITE", tags = ["a1", "b1"], seconds = 0 } = message;
  const [from, to] = message.users ?? numbers;
  const sip = sipMessage({
    start,
    callId,
    cseq,
    from: `<sip:${from}@a.example>;tag=${tags[0]}`,
    to: `<sip:${to}@b.example>;tag=${tags[1]}`,
  });
  const ports = { sourcePort: 5060, destinationPort: 5060 };
  const data = ethernet(0x0800, ipv4({ protocol: 17 }, udpDatagram(ports, sip)));
  return { data, timeNs: second(seconds) };
}

/** The other leg, as a hunter for telephony sends it: what it found is in the metadata. */
function voipPacket(method: string, responseCode: number, seconds: number): PacketToEncode {
  const sip = {
    method,
    responseCode,
    callId: "leg-b@y",
    fromUser: "+15550001111",
    toUser: "5550002222",
    fromTag: "c1",
    toTag: "d1",
    cseqMethod: method === "" ? "INVITE" : method,
  };
  const metadata = toBinary(PacketMetadataSchema, create(PacketMetadataSchema, { sip }));
  const rtp = udpDatagram({ sourcePort: 7000, destinationPort: 7002 }, new Uint8Array(20));
  const addresses = { source: [10, 9, 0, 1], destination: [10, 9, 0, 2] };
  const data = ethernet(0x0800, ipv4({ protocol: 17, ...addresses }, rtp));
  return { data, metadata, timeNs: second(seconds) };
}

async function send(hunter: MockHunter, hunterId: string, packets: PacketToEncode[]) {
  const acks = hunter.acks.length;
  hunter.send(encodeBatch({ hunterId, sequence: BigInt(hunter.sent + 1), packets }));
  await hunter.waitAcks(acks + 1);
}

/** Call states by correlation id, as the client has them now. */
function latest(subscriber: Subscriber): Map<string, CorrelatedCallUpdate> {
  return new Map(subscriber.messages.map((update) => [update.correlationId, update]));
}

async function told(subscriber: Subscriber, fits: (update: CorrelatedCallUpdate) => boolean) {
  await subscriber.until(() => subscriber.end !== undefined || subscriber.messages.some(fits));
  const found = subscriber.messages.find(fits);
  if (found === undefined) throw new Error(`not told: ${JSON.stringify(subscriber.end)}`);
  return found;
}

/** Takes more than 30 s, while the other tests run. */
let refresh: Promise<void>;
beforeAll(() => {
  refresh = waitForRefresh();
  refresh.catch(() => {});
});

async function waitForRefresh(): Promise<void> {
  const node = await start(1);
  const hunter = new MockHunter(node.address);
  await send(hunter, "h", [rawPacket({ start: "180 Ringing" })]);
  const subscriber = subscribe(node);
  await subscriber.until(() => subscriber.messages.length === 1);
  const toldAt = performance.now();
  await subscriber.until(() => subscriber.messages.length === 2);
  expect(performance.now() - toldAt).toBeGreaterThan(25_000);
  expect(subscriber.messages[1]).toEqual(subscriber.messages[0] as CorrelatedCallUpdate);
  hunter.close();
  subscriber.close();
}

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  test("two hunters that see two legs of a call: one call with two legs", async () => {
    const node = await start(workers);
    const early = subscribe(node);
    const [generic, voip] = (await connectAcrossShards(node, 2)) as [MockHunter, MockHunter];
    await send(generic, "generic", [rawPacket({ start: "180 Ringing" })]);
    await told(early, ({ state }) => state === "RINGING");
    await send(voip, "voip", [voipPacket("", 180, 0.1), voipPacket("", 200, 2)]);
    const talking = await told(early, ({ state }) => state === "ESTABLISHED");
    expect(talking).toMatchObject({
      tagPair: ["a1", "b1"],
      fromUser: "sip:15550001111@a.example",
      toUser: "sip:15550002222@b.example",
      startTimeNs: second(0),
      lastSeenNs: second(2),
      legs: [
        { callId: "leg-a@x", hunterId: "generic", srcIp: "10.0.0.1", responseCode: 180 },
        { callId: "leg-b@y", hunterId: "voip", srcIp: "10.9.0.1", packetCount: 2 },
      ],
    });
    await send(generic, "generic", [
      rawPacket({ start: "401 Unauthorized", seconds: 3 }),
      rawPacket({ start: "BYE sip:x@y", cseq: "BYE", seconds: 90 }),
    ]);
    const ended = await told(early, ({ state }) => state === "ENDED");
    expect(ended.correlationId).toBe(talking.correlationId);
    expect(ended.legs.map(({ packetCount }) => packetCount)).toEqual([3, 2]);
    expect(latest(early).size).toBe(1);
    // One that comes later is told of it at once.
    const late = subscribe(node);
    await late.until(() => late.messages.length === 1);
    expect(late.messages[0]).toEqual(ended);
    for (const client of [early, late, generic, voip]) client.close();
  });

  test("every call at first, then only what changes", async () => {
    const node = await start(workers);
    const hunter = new MockHunter(node.address);
    const call = (number: number, start: string): PacketToEncode =>
      rawPacket({
        start,
        callId: `call-${number}`,
        tags: [`f${number}`, `t${number}`],
        users: [`alice${number}`, "bob"],
      });
    const ring = (count: number) =>
      Array.from({ length: count }, (_, number) => call(number, "180 Ringing"));
    await send(hunter, "h", ring(50));
    const subscriber = subscribe(node);
    await subscriber.until(() => latest(subscriber).size === 50);
    subscriber.messages.length = 0;
    await send(hunter, "h", [call(7, "200 OK")]);
    await send(hunter, "h", [call(9, "486 Busy Here")]);
    await subscriber.until(() => subscriber.messages.length >= 2);
    // Were the others told, too, it would be before the change of the next second.
    await send(hunter, "h", [call(7, "603 Decline"), call(11, "200 OK")]);
    await told(subscriber, ({ fromUser }) => fromUser.includes("alice11@"));
    const users = subscriber.messages.map(({ fromUser }) => fromUser);
    expect(new Set(users)).toEqual(
      new Set([7, 9, 11].map((number) => `sip:alice${number}@a.example`)),
    );
    hunter.close();
    subscriber.close();
  });

  test("a real capture that weir hunt reads gives its calls", async () => {
    const node = await start(workers);
    const subscriber = subscribe(node);
    const args = ["hunt", "--insecure", "-P", node.address, "--id", "edge", "--read", capture];
    expect(await runWeir(args)).toMatchObject({ code: 0 });
    const calls = () => [...latest(subscriber).values()];
    // Eight whole ones and one that was busy; its registrations are no calls.
    await subscriber.until(
      () => calls().length === 9 && calls().every(({ state }) => state === "ENDED"),
    );
    for (const { legs, fromUser } of calls()) {
      expect(fromUser).toStartWith("sip:");
      expect(legs).toMatchObject([{ hunterId: "edge" }]);
    }
    const packets = calls().map(({ legs }) => legs[0]?.packetCount ?? 0);
    expect(packets.toSorted((x, y) => x - y)).toEqual([2, 5, 5, 5, 5, 5, 5, 5, 5]);
    const busy = calls().find(({ legs }) => legs[0]?.callId === "1-74@192.0.2.1");
    expect(busy?.tagPair).toEqual(["1", "1"]);
    subscriber.close();
  });
});

test("a subscriber that reads nothing disturbs nobody", async () => {
  const node = await start(1);
  const stalled = subscribe(node);
  stalled.stall();
  const hunter = new MockHunter(node.address);
  const subscriber = subscribe(node);
  const calls = 1000;
  const sendAll = (start: string) => {
    const packets = Array.from({ length: calls }, (_, number) =>
      rawPacket({
        start,
        callId: `call-${number}-${"x".repeat(200)}`,
        tags: [`f${number}`, `t${number}`],
        users: [`user${number}`, "bob"],
      }),
    );
    return send(hunter, "h", packets);
  };
  for (const [start, state] of [
    ["100 Trying", "TRYING"],
    ["183 Session Progress", "RINGING"],
    ["200 OK", "ESTABLISHED"],
    ["481 Gone", "ENDED"],
  ] as const) {
    await sendAll(start);
    const all = () => [...latest(subscriber).values()];
    await subscriber.until(
      () => all().length === calls && all().every((call) => call.state === state),
    );
  }
  stalled.resume();
  const all = () => [...latest(stalled).values()];
  await stalled.until(
    () => all().length === calls && all().every(({ state }) => state === "ENDED"),
  );
  expect(stalled.messages.length).toBeLessThanOrEqual(3 * calls);
  for (const client of [stalled, subscriber, hunter]) client.close();
});

test("without a change every call is told again after 30 s", async () => {
  await refresh;
}, 300_000);
