/**
 * Peers that are gone without a word: their connections end by keepalive, their hunters are shown as
 * silent, and their ids can be used at once. Those that are merely quiet stay.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { encodeBatch } from "../support/encode-batch.ts";
import { connectHosts, NetNamespace, noNetNamespaces } from "../support/net-namespace.ts";
import { framed, type RawCall, RawConnection } from "../support/raw-connection.ts";
import {
  checkAccounts,
  type RunningProcessor,
  runWeir,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

/** From silence to the end of the connection; the node may be kept from its core for a while. */
const goneMsMax = limits.keepaliveIntervalMs + limits.keepaliveTimeoutMs + 10_000;
const clientPingMs = 10_000;
/** Asking takes a process each time. */
const askMs = 500;

if (noNetNamespaces !== "") console.log(`vanished peers are skipped: ${noNetNamespaces}`);

const script = join(import.meta.dir, "../support/lone-hunter.ts");

class LoneHunter {
  readonly child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  constructor(host: NetNamespace, address: string, id: string) {
    this.child = Bun.spawn([...host.under, process.execPath, script, address, id], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
  }

  async ready(): Promise<void> {
    for await (const chunk of this.child.stdout) {
      if (Buffer.from(chunk).includes("ready")) return;
    }
    throw new Error("the hunter ended");
  }
}

describe.skipIf(noNetNamespaces !== "")("hunters that vanish", () => {
  const hosts: NetNamespace[] = [];
  const hunters: LoneHunter[] = [];
  const nodes: RunningProcessor[] = [];
  let node: RunningProcessor;
  let near: NetNamespace;
  let vanishedMs = 0;
  /** On another node: nothing but pings, with an open stream and without. */
  let connections: RawConnection[] = [];
  let quiet: RawCall;
  let pinger: ReturnType<typeof setInterval>;

  async function start(host: NetNamespace, address: string, id: string): Promise<LoneHunter> {
    const hunter = new LoneHunter(host, address, id);
    hunters.push(hunter);
    await hunter.ready();
    return hunter;
  }

  async function statusOf(id: string): Promise<string | undefined> {
    const args = ["list", "hunters", "--insecure", "--processor", `127.0.0.1:${node.port}`];
    const { stdout, code, text } = await runWeir(args, { under: near.under });
    if (code !== 0) throw new Error(text);
    const hunters = JSON.parse(stdout) as { hunter_id: string; status: string }[];
    return hunters.find(({ hunter_id }) => hunter_id === id)?.status;
  }

  beforeAll(async () => {
    const pinged = await startProcessor();
    nodes.push(pinged);
    connections = [new RawConnection(pinged.address), new RawConnection(pinged.address)];
    const once = connections[1]!.call();
    once.halfClose(framed(encodeBatch({ packets: [], sequence: 1n })));
    await once.waitEnd();
    quiet = connections[0]!.call();
    quiet.write(framed(encodeBatch({ packets: [], sequence: 1n })));
    pinger = setInterval(() => {
      for (const connection of connections) connection.ping().catch(() => {});
    }, clientPingMs);

    near = new NetNamespace("near");
    const far = new NetNamespace("far");
    hosts.push(near, far);
    const cable = connectHosts(near, far);
    const file = join(scratchDirectory(), "vanished.pcapng");
    node = await startProcessor(["--listen", "0.0.0.0:0", "-w", file], { under: near.under });
    nodes.push(node);
    const stopped = await start(near, `127.0.0.1:${node.port}`, "stopped");
    await start(far, `${cable.address}:${node.port}`, "gone");
    await node.waitFor("node-stats", ({ streams }) => streams === 2);
    cable.vanish();
    stopped.child.kill("SIGSTOP");
    vanishedMs = performance.now();
  });

  afterAll(() => {
    clearInterval(pinger);
    for (const connection of connections) connection.close();
    for (const { child } of hunters) child.kill("SIGKILL");
    for (const process of nodes) process.kill("SIGKILL");
    for (const host of hosts) host.remove();
  });

  test("another of the same id is served at once", async () => {
    await start(near, `127.0.0.1:${node.port}`, "gone");
    expect(performance.now() - vanishedMs).toBeLessThan(limits.keepaliveIntervalMs);
    await node.waitFor("node-stats", ({ streams }) => streams === 3, node.lines.length);
  });

  test("are shown as in error when they were silent for 30 s", async () => {
    expect(await statusOf("gone")).toBe("healthy");
    await until(async () => {
      await Bun.sleep(askMs);
      return (await statusOf("stopped")) === "error";
    });
  });

  test("have no connection after keepalive", async () => {
    await node.waitFor("node-stats", ({ streams }) => streams === 1, node.lines.length);
    expect(performance.now() - vanishedMs).toBeLessThan(goneMsMax);
    checkAccounts(node);
  });

  test("while those who only ping every 10 s stay, with streams and without", () => {
    expect(performance.now() - vanishedMs).toBeGreaterThan(clientPingMs * 2);
    expect(connections.map(({ closed }) => closed)).toEqual([false, false]);
    expect(quiet.end).toBeUndefined();
  });
});
