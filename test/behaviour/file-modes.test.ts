/** What the node creates is for its owner alone, whatever umask it was started with. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { runWeir, scratchDirectory, startProcessor } from "../support/weir-process.ts";
import { block, interfaceBlock, little, packetBlock, section } from "../unit/hunt/capture-files.ts";

/** Two link types, so that classic pcap needs two files. */
function writeInput(): string {
  const parts = [section(), interfaceBlock(1, []), interfaceBlock(101, [])];
  for (let number = 0; number < 400; number++) {
    const data = Buffer.alloc(200, number);
    const ticks = 1_700_000_000_000_000n + BigInt(number);
    parts.push(packetBlock({ index: number % 2, ticks, data }));
  }
  parts.push(block(0x0bad, Buffer.from("custom"), little));
  const path = join(scratchDirectory(), "input.pcapng");
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** Every file and directory below `directory`, with its mode in octal. */
function modesBelow(directory: string): Map<string, string> {
  const modes = new Map<string, string>();
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = (statSync(path).mode & 0o7777).toString(8).padStart(4, "0");
    modes.set(relative(directory, path) + (entry.isDirectory() ? "/" : ""), mode);
  }
  return modes;
}

describe.each([
  ["000", "0750"],
  ["022", "0750"],
  ["077", "0700"],
])("with umask %s", (umask, directoryMode) => {
  test.each(["pcapng", "pcap"])(
    `%s files, side files, filters: 0600; directories: ${directoryMode}`,
    async (format) => {
      const home = scratchDirectory();
      const captures = join(home, "captures");
      mkdirSync(captures, { mode: Number.parseInt(directoryMode, 8) });
      const under = ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
      const flags = ["-w", join(captures, `x.${format}`), "--rotate-size", "16K"];
      const node = await startProcessor(flags, { under, cwd: home });
      const input = writeInput();
      const hunt = ["hunt", "--insecure", "-P", node.address, "--read", input, "--id", "h"];
      expect((await runWeir(hunt)).code).toBe(0);
      const set = ["set", "filter", "--insecure", "-P", node.address, "-t", "bpf", "--id", "a"];
      for (const pattern of ["udp", "tcp"]) {
        expect((await runWeir([...set, "--pattern", pattern])).code).toBe(0);
      }
      const running = modesBelow(home);
      node.kill("SIGTERM");
      expect((await node.ended).code).toBe(0);
      for (const modes of [running, modesBelow(home)]) {
        const wrong = [...modes].filter(
          ([name, mode]) => mode !== (name.endsWith("/") ? directoryMode : "0600"),
        );
        expect(wrong).toEqual([]);
        expect(modes.has(".config/lippycat/filters.yaml")).toBe(true);
        const names = [...modes.keys()].filter((name) => name.startsWith("captures/"));
        expect(names.filter((name) => name.endsWith(format)).length).toBeGreaterThan(3);
        expect(names.some((name) => name.startsWith("captures/."))).toBe(true);
      }
    },
  );
});
