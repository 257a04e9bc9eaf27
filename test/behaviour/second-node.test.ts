/**
 * A node that cannot start says why in one line, exits with its documented code and leaves no trace;
 * a node that runs does not notice.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { BusyHunter, checkRecorded, unhurried } from "../support/busy-hunter.ts";
import { sampled } from "../support/run-size.ts";
import { connectAcrossShards, sampledWorkerCounts } from "../support/shards.ts";
import {
  checkAccounts,
  runWeir,
  type StartOptions,
  scratchDirectory,
  startProcessor,
  WeirProcess,
} from "../support/weir-process.ts";

const root = scratchDirectory();
afterAll(() => rmSync(root, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
/** Root may write anywhere: then the second node runs as nobody. */
const asNobody: readonly string[] = isRoot
  ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
  : [];
const noNobody = isRoot && Bun.which("setpriv") === null ? "setpriv (util-linux) is missing" : "";
if (noNobody !== "") console.log(`unwritable files are not tested: ${noNobody}`);

describe.each(sampledWorkerCounts(3))("with --workers %d", (workers) => {
  const flags = ["process", "--insecure", "--workers", String(workers)];
  const anyPort = ["--listen", "127.0.0.1:0"];

  /** One line on stderr, that exit code, and nothing else said. */
  async function expectRefused(
    args: readonly string[],
    code: number,
    text: string,
    options: StartOptions = {},
  ): Promise<void> {
    const ended = await runWeir([...flags, ...args], options);
    expect(ended.text).toBe(`weir process: ${text}\n`);
    expect([ended.code, ended.stdout, ended.lines.length]).toEqual([code, "", 0]);
  }

  test.each(sampled("second file formats", ["pcapng", "pcap"]))(
    "the same port, and the same %s",
    async (extension) => {
      const directory = mkdtempSync(join(root, "d-"));
      const path = join(directory, `x.${extension}`);
      const node = await startProcessor(["--workers", String(workers), "--write-file", path]);
      const streams = await connectAcrossShards(node, 3);
      const busy = streams.map(
        (stream, number) => new BusyHunter(stream, { number, window: 4, before: unhurried }),
      );
      await Promise.all(busy.map((hunter) => hunter.waitAcked(1)));
      const inUse = (place: string): string =>
        `${place} is in use by another program; choose another port with --listen, or stop that program`;
      for (const host of ["127.0.0.1", "0.0.0.0"]) {
        const place = `${host}:${node.port}`;
        const other = join(directory, `other.${extension}`);
        await expectRefused(["-l", place, "-w", other], exitCodes.portInUse, inUse(place));
      }
      const link = join(directory, `link.${extension}`);
      symlinkSync(path, link);
      const taken = `${path} is being written by another node (process ${node.pid})`;
      for (const name of [path, link, basename(path)]) {
        const args = [...anyPort, "-w", name];
        await expectRefused(args, exitCodes.captureFile, taken, { cwd: directory });
      }
      const side = `.x.${extension}.weir`;
      expect(readdirSync(directory).sort()).toEqual(
        [side, basename(link), basename(path)].toSorted(),
      );

      // The last word of a node that logs for programs is a line for programs.
      const json = await runWeir([...flags, ...anyPort, "-w", path, "--log-format", "json"]);
      expect(json.lines.map(({ event, message }) => [event, message])).toEqual([
        ["cli-command-failed", taken],
      ]);

      await Promise.all(busy.map((hunter) => hunter.finish()));
      node.kill("SIGTERM");
      expect(await node.ended).toEqual({ code: 0, signal: null });
      for (const stream of streams) stream.close();
      checkAccounts(node);
      const acked = busy.reduce((sum, hunter) => sum + hunter.acked * hunter.packets, 0);
      expect(checkRecorded(path, busy)).toBe(acked);
    },
  );

  test("two that start at the same moment on one port: one of them listens", async () => {
    const first = await startProcessor();
    first.kill("SIGTERM");
    await first.ended;
    await expectOneOf(["-l", first.address], exitCodes.portInUse);
  });

  test("two that start at the same moment on one file: one of them records", async () => {
    const path = join(mkdtempSync(join(root, "d-")), "x.pcapng");
    await expectOneOf([...anyPort, "-w", path], exitCodes.captureFile);
  });

  test("port and file of a killed node are free at once", async () => {
    const path = join(mkdtempSync(join(root, "d-")), "x.pcapng");
    const node = await startProcessor(["--workers", String(workers), "-w", path]);
    node.kill("SIGKILL");
    await node.ended;
    const args = [...flags, "-l", node.address, "-w", path, "--log-format", "json"];
    const next = new WeirProcess(args);
    await next.waitFor("node-listening");
    next.kill("SIGTERM");
    expect((await next.ended).code).toBe(0);
  });

  test("files that cannot be recorded to", async () => {
    const directory = mkdtempSync(join(root, "d-"));
    const at = (name: string): string => join(directory, name);
    mkdirSync(at("folder.pcapng"));
    await Bun.write(at("file.pcapng"), "");
    const refused = (name: string, reason: string, options: StartOptions = {}): Promise<void> => {
      const text = `cannot record to ${at(name)}: ${reason}`;
      return expectRefused([...anyPort, "-w", at(name)], exitCodes.captureFile, text, options);
    };
    await refused("none/x.pcapng", `the directory ${at("none")} does not exist`);
    const inFile = `${at("file.pcapng")} is a file and not a directory`;
    await refused("file.pcapng/x.pcapng", inFile);
    await refused("file.pcapng/deeper/x.pcapng", inFile);
    await refused("folder.pcapng", "it is not a regular file");
    expect(readdirSync(directory).sort()).toEqual(["file.pcapng", "folder.pcapng"]);
  });

  test.skipIf(noNobody !== "")("files that may not be written", async () => {
    const directory = mkdtempSync(join(root, "d-"));
    const under = { under: asNobody, cwd: "/" };
    const at = (name: string): string => join(directory, name);
    mkdirSync(at("closed"));
    await Bun.write(at("closed/read-only.pcapng"), "");
    chmodSync(at("closed/read-only.pcapng"), 0o444);
    chmodSync(at("closed"), 0o555);
    chmodSync(directory, 0o755);
    chmodSync(root, 0o755);
    for (const name of ["closed/x.pcapng", "closed/x.pcap", "closed/read-only.pcapng"]) {
      const text = `cannot record to ${at(name)}: permission denied`;
      await expectRefused([...anyPort, "-w", at(name)], exitCodes.captureFile, text, under);
    }
    expect(readdirSync(at("closed"))).toEqual(["read-only.pcapng"]);
    chmodSync(at("closed"), 0o755);
  });

  test("addresses that cannot be listened on", async () => {
    await expectRefused(
      // RFC 5737: an address for documentation.
      ["-l", "192.0.2.1:50051"],
      exitCodes.address,
      "cannot listen on 192.0.2.1:50051: this machine has no such address (--listen)",
    );
    await expectRefused(
      ["-l", ":99999"],
      exitCodes.usage,
      '-l: ":99999": a port is a number from 0 to 65,535',
    );
  });

  async function expectOneOf(args: readonly string[], code: number): Promise<void> {
    const all = [...flags, ...args, "--log-format", "json"];
    const nodes = [new WeirProcess(all), new WeirProcess(all), new WeirProcess(all)];
    const outcomes = await Promise.all(
      nodes.map(async (node) => {
        const listening = node.waitFor("node-listening").then(() => "listening");
        const outcome = await Promise.race([listening.catch(() => "ended"), node.ended]);
        if (outcome === "listening") return outcome;
        return (await node.ended).code;
      }),
    );
    const refused = outcomes.filter((outcome) => outcome !== "listening");
    expect(refused).toEqual([code, code]);
    for (const node of nodes) node.kill("SIGTERM");
    await Promise.all(nodes.map((node) => node.ended));
  }
});
