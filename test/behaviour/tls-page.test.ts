/** The commands of docs/tls.md make what a node and a hunter need. */
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runWeir, scratchDirectory, WeirProcess } from "../support/weir-process.ts";
import { numberedPcap } from "../unit/hunt/capture-files.ts";

const page = readFileSync(join(import.meta.dir, "../../docs/tls.md"), "utf8");
const [, section = ""] = page.split("## Make certificates");
const [body = ""] = section.split("\n## ");
const commands = Array.from(body.matchAll(/^ {4}(.+)$/gm), ([, line = ""]) => line)
  .join("\n")
  .replaceAll(/ \\\n +/g, " ")
  .split("\n");

/** The words of the page's `weir` command, for a node of loopback that is dialled by its address. */
function wordsOf(command: string, node: string): string[] {
  const line = commands.find((each) => each.startsWith(`weir ${command} `)) ?? "";
  return line.replace("node.example:50051", node).split(" ").slice(1);
}

test.skipIf(Bun.which("openssl") === null)("an authority, a node, a hunter", async () => {
  const cwd = scratchDirectory();
  const script = commands.filter((command) => !command.startsWith("weir ")).join("\n");
  const made = Bun.spawnSync(["bash", "-e", "-c", script.replace("192.0.2.1", "127.0.0.1")], {
    cwd,
  });
  expect([made.exitCode, made.stdout.toString()]).toEqual([0, ""]);
  writeFileSync(join(cwd, "x.pcap"), numberedPcap(100));
  const more = ["--listen", "127.0.0.1:0", "--log-format", "json", "-w", "all.pcapng"];
  const node = new WeirProcess([...wordsOf("process", ""), ...more], { cwd });
  const address = String((await node.waitFor("node-listening"))["address"]);
  expect(node.lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  const { code, text } = await runWeir(wordsOf("hunt", address), { cwd });
  expect(text).toContain("100 acknowledged");
  expect(text).not.toContain("warn");
  expect(code).toBe(0);
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
});
