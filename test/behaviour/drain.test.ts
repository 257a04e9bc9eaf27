/** SIGTERM and SIGINT under full load: promise 1 of docs/architecture.md, and the ordered stop. */
import { describe, expect, test } from "bun:test";
import net from "node:net";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  nextStats,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

const stopMsMax = 8000;
/** Little of a polite hunter is under way at once: a stop reads it also on a busy machine. */
const politeWindow = 2;

async function startRecording(workers: number, fault = "") {
  const file = join(scratchDirectory(), "drain.pcapng");
  const node = await startProcessor(["--workers", String(workers), "-w", file], {
    binary: fault === "" ? "all" : "faults",
    env: { WEIR_FAULT: fault },
  });
  return { node, file };
}

/** Hunters that honour PAUSE, and behind them one that does not. */
async function startLoad(node: RunningProcessor, polite: number) {
  const streams = await connectAcrossShards(node, polite + 1);
  const hunters = streams.map((stream, number) => {
    const manners = number < polite ? { window: politeWindow } : { ignoresPause: true };
    return new BusyHunter(stream, { number, size: 400, ...manners });
  });
  await Promise.all(hunters.map((hunter) => hunter.waitAcked(20)));
  return hunters;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.unref();
  });
}

describe.each(sampledWorkerCounts(3))("a stop with --workers %d", (workers) => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s writes all it took", async (signal) => {
    const { node, file } = await startRecording(workers);
    const hunters = await startLoad(node, 4);
    const begun = performance.now();
    node.kill(signal);

    // PAUSE comes first, then acks that repeat it, then the end with status OK.
    await Promise.all(
      hunters.map(({ stream }) => stream.until(() => stream.level === FlowControl.FLOW_PAUSE)),
    );
    const ends = await Promise.all(hunters.map(({ stream }) => stream.waitEnd()));
    expect(ends).toEqual(hunters.map(() => ({ code: 0, details: "" })));
    const { code } = await node.ended;
    expect(code).toBe(0);
    expect(performance.now() - begun).toBeLessThan(stopMsMax);

    let repeated = 0;
    for (const [index, { stream, acked, sent }] of hunters.entries()) {
      expect(stream.signals.map(({ flow }) => flow)).toEqual([FlowControl.FLOW_PAUSE]);
      const flows = stream.acks.map(({ flow }) => flow);
      // One that had every batch acknowledged by then has no ack to repeat it.
      const before = flows.filter((flow) => flow === FlowControl.FLOW_CONTINUE).length;
      expect(before).toBeGreaterThan(0);
      const after = flows.slice(before);
      expect(after).toEqual(after.map(() => FlowControl.FLOW_PAUSE));
      repeated += after.length;
      // Who heeded the PAUSE has every batch acknowledged.
      if (index < 4) expect(acked).toBe(sent);
      stream.close();
    }
    expect(repeated).toBeGreaterThan(0);
    const recorded = checkRecorded(file, hunters);
    const stopped = node.latest("node-stopped");
    expect(stopped).toMatchObject({ received: recorded, written: recorded, unwritten: 0 });
    expect(stopped).toMatchObject({ acknowledged: recorded, rejected: 0, file });
    checkAccounts(node);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("a second %s ends it at once with %d", async (signal, exitCode) => {
    const { node, file } = await startRecording(workers);
    // The one that sends on keeps the drain busy for its two seconds.
    const hunters = await startLoad(node, 1);
    node.kill(signal);
    await node.waitFor("node-stopping");
    const begun = performance.now();
    node.kill(signal);
    expect(await node.ended).toEqual({ code: exitCode, signal: null });
    // Before a drain would have been over.
    expect(performance.now() - begun).toBeLessThan(limits.drainReadMsMax);
    await Promise.all(hunters.map(({ stream }) => stream.waitEnd()));
    for (const { stream } of hunters) stream.close();
    // Nothing acknowledged is lost even so; the last block may be torn.
    const again = await startProcessor(["--workers", String(workers), "-w", file]);
    again.kill("SIGTERM");
    expect((await again.ended).code).toBe(0);
    checkRecorded(file, hunters);
    checkAccounts(node);
  });

  test.skipIf(process.platform !== "linux")(
    "a SIGHUP stops nothing, under nohup neither",
    async () => {
      const node = await startProcessor(["--workers", String(workers)], { under: ["nohup"] });
      node.kill("SIGHUP");
      await node.waitFor("node-reloading");
      await nextStats(node);
      await nextStats(node);
      expect(node.latest("node-stopping")).toBeUndefined();
      node.kill("SIGTERM");
      expect((await node.ended).code).toBe(0);
    },
  );

  test("on a disk that takes nothing it exits with 75 and names what is missing", async () => {
    const { node, file } = await startRecording(workers, "recorder-stall=600000");
    const streams = await connectAcrossShards(node, 3);
    const hunters = streams.map(
      (stream, number) => new BusyHunter(stream, { number, batches: 20 }),
    );
    await Promise.all(hunters.map((hunter) => hunter.waitAcked(20)));
    node.kill("SIGUSR2");
    await node.waitFor("node-fault");
    await node.waitFor("node-stats", ({ in_flight }) => in_flight === 0, node.lines.length);
    const late = hunters.map(({ stream }) => stream);
    const more = hunters.map((_, number) => new BusyHunter(late[number]!, { number, batches: 25 }));
    await node.waitFor("node-stats", (line) => Number(line["received"]) === 3 * 25 * 64);
    const begun = performance.now();
    node.kill("SIGTERM");
    // The port is closed at once; who has a stream keeps it until the drain is over.
    await until(async () => !(await connects(node.port)));
    expect(node.child.exitCode).toBeNull();
    expect(late.some(({ end }) => end === undefined)).toBe(true);
    const { code } = await node.ended;
    expect(code).toBe(75);
    expect(performance.now() - begun).toBeLessThan(stopMsMax);
    const ends = await Promise.all(late.map((stream) => stream.waitEnd()));
    expect(ends.map((end) => end.code)).toEqual([0, 0, 0]);
    for (const stream of late) stream.close();
    const missing = more.reduce((sum, { sent, acked }) => sum + (sent - acked) * 64, 0);
    expect(missing).toBe(3 * 5 * 64);
    expect(node.latest("cli-command-failed")?.message).toStartWith(
      `${missing.toLocaleString("en-US")} packets received`,
    );
    expect(node.latest("node-stopped")).toMatchObject({ unwritten: missing });
    expect(checkRecorded(file, more)).toBe(3 * 20 * 64);
    checkAccounts(node);
  });
});
