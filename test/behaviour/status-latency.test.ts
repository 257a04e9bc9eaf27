/** Status is answered at once, whatever the hunters send: by control, which no packet passes. */
import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ManagementService } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { ManagementClient } from "../support/management-client.ts";
import { connect } from "../support/mock-hunter.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { unaryRpc } from "../support/unary-call.ts";
import {
  checkAccounts,
  scratchDirectory,
  startProcessor,
  until,
  WeirProcess,
} from "../support/weir-process.ts";

const { getHunterStatus, listAvailableHunters } = ManagementService.method;
const capture = join(dirname(import.meta.dir), "captures/mixed.pcapng");
const registered = 100;
/** What else runs on the machine delays some calls of a round; packets would delay every round. */
const roundsMax = 5;
const callsPerRound = 100;
const p99MsMax = 100;

/** Sends the capture over and over as fast as it is taken. Its own process, so that this one waits for
 * answers alone, and a nice one: hunters run on other machines. */
function startLoad(address: string, id: string): WeirProcess {
  const flags = ["--loop", "0", "--progress", "none"];
  return new WeirProcess(["hunt", "--insecure", "-P", address, "-I", id, "-r", capture, ...flags], {
    under: ["nice", "-n", "19"],
  });
}

function percentile(timesMs: readonly number[], share: number): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  test("status and lists of 100 hunters are answered well under 100 ms under full load", async () => {
    const directory = scratchDirectory();
    const flags = ["--workers", String(workers), "--max-hunters", "200"];
    const node = await startProcessor([...flags, "-w", join(directory, "load.pcapng")]);
    const management = new ManagementClient(node.address);
    const about = { interfaces: ["eth0"], capabilities: { filterTypes: ["bpf", "sip_user"] } };
    for (let number = 0; number < registered; number++) {
      await management.register({ hunterId: `quiet-${number}`, ...about });
    }
    const loads = ["a", "b"].map((id) => startLoad(node.address, `busy-${id}`));
    const client = connect(node.address);
    await until(async () => {
      const { hunters, processorStats } = await unaryRpc(client, getHunterStatus, {});
      const received = processorStats?.totalPacketsReceived ?? 0n;
      return hunters.length === registered + loads.length && received > 20_000n;
    });
    let p99 = Number.POSITIVE_INFINITY;
    for (let round = 0; round < roundsMax && p99 >= p99MsMax; round++) {
      const timesMs: number[] = [];
      const from = node.lines.length;
      for (let call = 0; call < callsPerRound; call++) {
        const begun = performance.now();
        const method = call % 2 === 0 ? getHunterStatus : listAvailableHunters;
        const { hunters } = await unaryRpc(client, method, {});
        timesMs.push(performance.now() - begun);
        expect(hunters.length).toBe(registered + loads.length);
      }
      const { message } = await node.waitFor("node-stats", () => true, from);
      p99 = percentile(timesMs, 0.99);
      const times = `p50 ${percentile(timesMs, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
      console.log(`--workers ${workers}: ${message}; status of ${registered} hunters: ${times}`);
    }
    for (const load of loads) load.kill("SIGTERM");
    await Promise.all(loads.map(({ ended }) => ended));
    client.close();
    management.close();
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    rmSync(directory, { recursive: true });
    checkAccounts(node);
    expect(p99).toBeLessThan(p99MsMax);
  }, 300_000);
});
