/**
 * What a terminal UI sees of hunters that come, work and go. The client keeps the limits and habits of
 * the existing one (docs/wire.md#terminal-client).
 */
import { describe, expect, test } from "bun:test";
import { status as code } from "@grpc/grpc-js";
import {
  HunterStatus,
  ManagementService,
  NodeType,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import {
  HunterStatusUpdateType,
  MonitoringService,
  RecorderState,
} from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { ManagedHunter } from "../support/managed-hunter.ts";
import { ManagementClient } from "../support/management-client.ts";
import { connect, MockHunter } from "../support/mock-hunter.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { ServerStream } from "../support/server-stream.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { TerminalClient } from "../support/terminal-client.ts";
import { unaryRpc } from "../support/unary-call.ts";
import { startProcessor, until } from "../support/weir-process.ts";

const { getHunterStatus } = ManagementService.method;
const monitoring = MonitoringService.method;
const pollMs = 100;

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  const flags = ["--workers", String(workers), "--id", "node-1"];

  test("a terminal UI sees a hunter come, work, change its state, and go", async () => {
    const node = await startProcessor(flags);
    const terminal = await TerminalClient.connect(node.address, { pollMs });
    expect(terminal.topology).toMatchObject({
      address: "",
      processorId: "node-1",
      reachable: true,
      nodeType: NodeType.PROCESSOR,
      hunters: [],
    });
    const capabilities = { filterTypes: ["bpf", "ip_address", "sip_user"], maxBufferSize: 2048n };
    const about = { hostname: "10.0.0.9", interfaces: ["eth0"], capabilities };
    const hunter = await ManagedHunter.start(node.address, "edge-1", { ...about, version: "v1" });
    await terminal.until(() => terminal.updates.length > 0);
    expect(terminal.updates[0]).toMatchObject({
      processorId: "node-1",
      event: { case: "hunterConnected" },
    });
    await hunter.capture(20);
    await terminal.until(() => terminal.hunters.get("edge-1")?.stats?.packetsCaptured === 20n);
    expect(terminal.status?.processorStats).toMatchObject({
      totalHunters: 1,
      healthyHunters: 1,
      totalPacketsReceived: 20n,
      processorId: "node-1",
    });
    const stats = { packetsCaptured: 99n, packetsMatched: 50n, activeFilters: 2, cpuPercent: 7 };
    await hunter.beat({ status: HunterStatus.STATUS_WARNING, stats });
    await terminal.until(() => terminal.status?.processorStats?.warningHunters === 1);
    expect(terminal.hunter("edge-1")).toMatchObject({
      ...about,
      status: HunterStatus.STATUS_WARNING,
      stats,
    });
    expect(terminal.hunter("edge-1").remoteAddr).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(terminal.status?.processorStats?.totalFilters).toBe(2);
    expect(await terminal.selectable()).toEqual(["edge-1"]);
    hunter.close();
    await terminal.until(() => terminal.updates.at(-1)?.event.case === "hunterDisconnected");
    expect(terminal.updates.map(({ event }) => event.case)).toEqual([
      "hunterConnected",
      "hunterStatusChanged",
      "hunterDisconnected",
    ]);
    // Its record stays, and with it the address that it came from.
    await terminal.until(() => terminal.hunters.has("edge-1"));
    expect(terminal.trouble).toBeUndefined();
    terminal.close();
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
  });

  test("who streams or beats without having registered is shown, and nobody ends its calls", async () => {
    const node = await startProcessor(flags);
    const terminal = await TerminalClient.connect(node.address, { pollMs });
    const stream = new MockHunter(node.address);
    const beats = new ManagementClient(node.address);
    stream.send(
      numberedBatch({ hunterId: "streams", hunter: 1, first: 0, packets: 5, sequence: 1 }),
    );
    await beats.heartbeat({ hunterId: "beats", stats: { packetsForwarded: 3n } });
    await terminal.until(() => terminal.hunters.has("streams") && terminal.hunters.has("beats"));
    await terminal.until(() => terminal.hunters.get("streams")?.stats?.packetsForwarded === 5n);
    expect(terminal.hunter("beats").stats?.packetsForwarded).toBe(3n);
    for (const id of ["streams", "beats"]) {
      expect(terminal.hunter(id).remoteAddr).toMatch(/^127\.0\.0\.1:\d+$/);
    }
    await stream.waitAcks(1);
    expect(stream.end).toBeUndefined();
    stream.close();
    await terminal.until(() => terminal.updates.at(-1)?.event.case === "hunterDisconnected");
    expect(terminal.updates.at(-1)?.event.value).toMatchObject({
      hunterId: "streams",
      reason: "its last stream ended",
    });
    beats.close();
    terminal.close();
    node.kill("SIGTERM");
    await node.ended;
  });

  test("the limit of hunters is kept; who is known registers again, and is told of again", async () => {
    const node = await startProcessor([...flags, "--max-hunters", "2"]);
    const terminal = await TerminalClient.connect(node.address, { pollMs });
    const first = await ManagedHunter.start(node.address, "a");
    const second = await ManagedHunter.start(node.address, "b");
    const third = ManagedHunter.start(node.address, "c");
    expect(third).rejects.toMatchObject({ code: code.RESOURCE_EXHAUSTED });
    await third.catch(() => {});
    const again = await ManagedHunter.start(node.address, "a", { version: "2" });
    await terminal.until(() => terminal.updates.length === 3);
    const ids = terminal.updates.map(({ event }) => {
      return event.case === "hunterConnected" ? event.value.hunter?.hunterId : event.case;
    });
    expect(ids).toEqual(["a", "b", "a"]);
    expect(await terminal.selectable()).toEqual(["a", "b"]);
    for (const hunter of [first, second, again]) hunter.close();
    terminal.close();
    node.kill("SIGTERM");
    await node.ended;
  });

  test("a terminal UI lives with hunters that say as much of themselves as they may", async () => {
    const node = await startProcessor([...flags, "--max-hunters", "120"]);
    const management = new ManagementClient(node.address);
    // 7 MiB together, and clients take messages of 4 MiB.
    const interfaces = Array.from({ length: 60 }, (_, number) => `${number}`.padEnd(1000, "x"));
    for (let number = 0; number < 120; number++) {
      await management.register({ hunterId: `h${number}`, interfaces });
    }
    const terminal = await TerminalClient.connect(node.address, { pollMs });
    await terminal.until(() => terminal.polls > 1);
    expect(terminal.hunters.size).toBeGreaterThan(40);
    expect(terminal.status?.processorStats?.totalHunters).toBe(120);
    const watch = new ServerStream(node.address, monitoring.getHunterStatus, {});
    await watch.until(() => watch.messages.length > 0);
    expect(watch.messages[0]?.hunters.length).toBe(terminal.hunters.size);
    expect((await terminal.selectable()).length).toBe(terminal.hunters.size);
    watch.close();
    terminal.close();
    management.close();
    node.kill("SIGTERM");
    await node.ended;
  });

  test("a monitoring client gets everybody, then changes, and the node's accounts", async () => {
    const node = await startProcessor(flags);
    const hunter = await ManagedHunter.start(node.address, "edge-1");
    await hunter.beat();
    const watch = new ServerStream(node.address, monitoring.getHunterStatus, {});
    await watch.until(() => watch.messages.length > 0);
    expect(watch.messages[0]).toMatchObject({
      updateType: HunterStatusUpdateType.SNAPSHOT,
      processorId: "node-1",
      hunters: [{ hunterId: "edge-1" }],
    });
    await hunter.capture(30);
    await hunter.beat({ stats: { packetsCaptured: 30n } });
    const latest = () => watch.messages.at(-1);
    await watch.until(() => latest()?.hunters[0]?.stats?.packetsCaptured === 30n);
    expect(latest()?.updateType).toBe(HunterStatusUpdateType.CHANGED);
    const client = connect(node.address);
    const nodeStatus = await unaryRpc(client, monitoring.getNodeStatus, {});
    expect(nodeStatus).toMatchObject({
      processorId: "node-1",
      processorStats: { totalHunters: 1, healthyHunters: 1 },
      packets: { received: 30n, accepted: 30n, rejected: 0n, acknowledged: 30n, held: 0n },
      recorderState: RecorderState.OFF,
      totalSubscribers: 0,
    });
    hunter.close();
    await watch.until(() => latest()?.updateType === HunterStatusUpdateType.DISCONNECTED);
    expect(latest()).toMatchObject({
      reason: "its last stream ended",
      hunters: [{ hunterId: "edge-1" }],
    });
    expect(watch.end).toBeUndefined();
    client.close();
    node.kill("SIGTERM");
    // It stays open until the node stops.
    expect((await watch.waitEnd()).code).toBe(code.UNAVAILABLE);
    watch.close();
    await node.ended;
  });

  test("the hunters of a shard that died are told of, and come back", async () => {
    const node = await startProcessor(flags, {
      binary: "faults",
      env: { WEIR_FAULT: "shard-throw=0" },
    });
    const client = connect(node.address);
    // One of three shards gets none of so many once in 15,000 times.
    const count = 24;
    const hunters = Array.from({ length: count }, () => new MockHunter(node.address));
    for (const [number, stream] of hunters.entries()) {
      stream.send(
        numberedBatch({ hunterId: `h${number}`, hunter: 1, first: 0, packets: 1, sequence: 1 }),
      );
      await stream.waitAcks(1);
    }
    await until(async () => {
      return (await unaryRpc(client, getHunterStatus, {})).hunters.length === count;
    });
    client.close();
    const gone = new Set<string>();
    const back = new Set<string>();
    let watch = new ServerStream(node.address, monitoring.getHunterStatus, {});
    const isSnapshot = () => watch.messages.length > 0;
    await watch.until(isSnapshot);
    node.kill("SIGUSR2");
    await node.waitFor("node-shard-listening");
    const lost = hunters.filter(({ end }) => end !== undefined);
    const lostIds = hunters.flatMap(({ end }, number) => (end === undefined ? [] : [`h${number}`]));
    // A watcher on that shard has lost its call, too, and finds them in the state they are in.
    if (watch.end !== undefined) {
      watch.close();
      watch = new ServerStream(node.address, monitoring.getHunterStatus, {});
      await watch.until(isSnapshot);
    } else {
      await watch.until(() => {
        for (const { updateType, hunters: about, reason } of watch.messages) {
          if (updateType !== HunterStatusUpdateType.DISCONNECTED) continue;
          expect(reason).toContain("shard");
          for (const { hunterId } of about) gone.add(hunterId);
        }
        return gone.size === lost.length;
      });
      expect([...gone].sort()).toEqual(lostIds.sort());
    }
    const again = lostIds.map((hunterId) => {
      const stream = new MockHunter(node.address);
      stream.send(numberedBatch({ hunterId, hunter: 1, first: 1, packets: 1, sequence: 1 }));
      return stream;
    });
    await watch.until(() => {
      for (const { updateType, hunters: about } of watch.messages) {
        if (updateType !== HunterStatusUpdateType.CONNECTED) continue;
        for (const { hunterId } of about) back.add(hunterId);
      }
      return back.size === lost.length;
    });
    expect(lost.length).toBeGreaterThan(0);
    watch.close();
    for (const stream of [...hunters, ...again]) stream.close();
    node.kill("SIGTERM");
    await node.ended;
  });
});
