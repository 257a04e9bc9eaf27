/** Hunters of one id, numbers that jump, and a thousand hunters that come back at the same moment. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { encodeBatch } from "../support/encode-batch.ts";
import { ManagedHunter } from "../support/managed-hunter.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { numberedPacket } from "../support/numbered-packets.ts";
import { framed, type RawCall, RawConnection } from "../support/raw-connection.ts";
import { readCapture } from "../support/read-capture.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { TerminalClient } from "../support/terminal-client.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
} from "../support/weir-process.ts";

function batchOf(hunterId: string, hunter: number, sequence: bigint, number = 0): Uint8Array {
  const packets = [{ data: numberedPacket(hunter, number, 80), interfaceName: "eth0" }];
  return encodeBatch({ hunterId, sequence, packets });
}

async function stop(node: RunningProcessor): Promise<void> {
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  checkAccounts(node);
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  const start = async () => {
    const file = join(scratchDirectory(), "x.pcapng");
    const node = await startProcessor(["--workers", String(workers), "-w", file]);
    return { node, file };
  };

  test("two hunters of one id have their own acks, one record, and outlive each other", async () => {
    const { node, file } = await start();
    const terminal = await TerminalClient.connect(node.address, { pollMs: 50 });
    const twins = [
      await ManagedHunter.start(node.address, "twin"),
      await ManagedHunter.start(node.address, "twin", { hostname: "the other" }),
    ] as const;
    const [first, second] = twins;
    const other = new MockHunter(node.address);
    for (let turn = 1n; turn <= 20n; turn++) {
      first.data.send(batchOf("twin", 1, turn, Number(turn)));
      second.data.send(batchOf("twin", 2, 1000n + turn, Number(turn)));
      other.send(batchOf("other", 3, turn, Number(turn)));
    }
    await Promise.all([first.data, second.data, other].map((stream) => stream.waitAcks(20)));
    const sequences = [first.data, second.data, other].map(({ acks }) => acks[19]?.sequence);
    expect(sequences).toEqual([20n, 1020n, 20n]);
    await terminal.until(() => terminal.hunters.get("twin")?.stats?.packetsForwarded === 40n);
    await terminal.until(() => terminal.hunters.has("other"));
    expect([...terminal.hunters.keys()].toSorted()).toEqual(["other", "twin"]);
    expect(terminal.hunter("twin").hostname).toBe("the other");

    first.close();
    second.data.send(batchOf("twin", 2, 1021n, 21));
    await second.data.waitAcks(21);
    expect(terminal.updates.map(({ event }) => event.case)).not.toContain("hunterDisconnected");
    second.close();
    await terminal.until(() => terminal.updates.at(-1)?.event.case === "hunterDisconnected");
    terminal.close();
    await stop(node);
    other.close();
    const { packets } = readCapture(file);
    const byHunter = Map.groupBy(packets, ({ hunter }) => hunter);
    expect([...byHunter].map(([id, own]) => [id, own.length]).toSorted()).toEqual([
      ["other", 20],
      ["twin", 41],
    ]);
  });

  test("sequence numbers that skip, repeat and go back are echoed, and nothing is left out", async () => {
    const { node, file } = await start();
    const stream = new MockHunter(node.address);
    const sequences = [1n, 2n, 2n, 900n, 3n, 1n, 2n ** 64n - 1n, 1n];
    for (const [number, sequence] of sequences.entries()) {
      stream.send(batchOf("jumps", 1, sequence, number));
    }
    await stream.waitAcks(sequences.length);
    expect(stream.acks.map(({ sequence }) => sequence)).toEqual(sequences);
    expect(stream.acks.map(({ error }) => error).join("")).toBe("");
    stream.close();
    await stop(node);
    expect(readCapture(file).packets.length).toBe(sequences.length);
  });
});

describe("a storm", () => {
  const crowd = 1000;
  /** Behind as many addresses: a crowd that comes from one is another matter. */
  const addresses = 20;

  test(`of ${crowd} hunters that are cut off and all come back at once is served`, async () => {
    const file = join(scratchDirectory(), "storm.pcapng");
    const node = await startProcessor(["--workers", "2", "-w", file]);
    const bystander = new MockHunter(node.address);
    const waits: number[] = [];
    let storming = true;
    const standing = (async () => {
      for (let turn = 1; storming; turn++) {
        const begun = performance.now();
        bystander.send(batchOf("bystander", 0, BigInt(turn), turn));
        await bystander.waitAcks(turn);
        waits.push(performance.now() - begun);
        await Bun.sleep(5);
      }
    })();
    const times: number[] = [];
    for (let wave = 1; wave <= 3; wave++) {
      const begun = performance.now();
      const hunters = Array.from({ length: crowd }, (_, number) => {
        const connection = new RawConnection(node.address, `127.0.0.${2 + (number % addresses)}`);
        const call = connection.call();
        call.write(framed(batchOf(`h${number}`, number, BigInt(wave), wave)));
        return { connection, call };
      });
      await Promise.all(hunters.map(({ call }) => firstAck(call)));
      times.push(performance.now() - begun);
      await node.waitFor("node-stats", ({ streams }) => streams === crowd + 1, node.lines.length);
      for (const { connection } of hunters) connection.close();
    }
    await node.waitFor("node-stats", ({ streams }) => streams === 1, node.lines.length);
    storming = false;
    await standing;
    const worst = Math.max(...waits);
    console.log(
      `${crowd} hunters came within ${times.map((time) => time.toFixed(0)).join(", ")} ms; ` +
        `a bystander waited ${worst.toFixed(0)} ms at most`,
    );
    expect(worst).toBeLessThan(5000);
    expect(bystander.end).toBeUndefined();
    const { sent } = bystander;
    bystander.close();
    await stop(node);
    expect(node.latest("node-stopped")).toMatchObject({
      acknowledged: 3 * crowd + sent,
      rejected: 0,
    });
    expect(readCapture(file).packets.length).toBe(3 * crowd + sent);
  });
});

async function firstAck(call: RawCall): Promise<void> {
  while (call.acks.length === 0) {
    if (call.end !== undefined) throw new Error(`ended: ${JSON.stringify(call.end)}`);
    await new Promise((resolve) => {
      call.stream.once("data", resolve);
      call.stream.once("close", resolve);
    });
  }
}
