/** Files that another user put where the node would write: they stay as they are, and the node says whose they are. */
import { beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { littlePcapng } from "../support/foreign-captures.ts";
import { runWeir, scratchDirectory, startProcessor } from "../support/weir-process.ts";

const nobody = 65_534;
const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.log("skipped: files of other users (root alone can make them)");

const start = (...flags: string[]) =>
  runWeir(["process", "--insecure", "-l", "127.0.0.1:0", ...flags]);

describe.skipIf(!isRoot)("another user's", () => {
  let directory = "";
  let capture = "";
  let precious = "";

  beforeEach(() => {
    directory = scratchDirectory();
    capture = join(directory, "x.pcapng");
    precious = join(directory, "precious");
    writeFileSync(precious, "do not lose this\n".repeat(100));
  });

  function plantLink(path: string): void {
    symlinkSync(precious, path);
    lchownSync(path, nobody, nobody);
  }

  async function expectRefused(flags: string[], words: RegExp): Promise<void> {
    const { code, text } = await start(...flags);
    expect(text).toMatch(words);
    expect(code).toBe(73);
    expect(readFileSync(precious, "utf8")).toBe("do not lose this\n".repeat(100));
  }

  test("link in the place of the side file is not followed", async () => {
    plantLink(join(directory, ".x.pcapng.weir"));
    await expectRefused(["-w", capture], /\.x\.pcapng\.weir.*it is a symbolic link/);
  });

  test("side file is not used", async () => {
    const side = join(directory, ".x.pcapng.weir");
    writeFileSync(side, "");
    chownSync(side, nobody, nobody);
    await expectRefused(["-w", capture], /it belongs to user 65534, and the node runs as user 0/);
    chownSync(side, 0, 0);
    chmodSync(side, 0o666);
    await expectRefused(["-w", capture], /other users may write to it/);
  });

  test("link in the place of the capture is not followed", async () => {
    plantLink(capture);
    await expectRefused(["-w", capture], /symbolic link to .*precious that user 65534 made/);
  });

  test("capture is not continued", async () => {
    writeFileSync(capture, littlePcapng());
    chownSync(capture, nobody, nobody);
    const before = readFileSync(capture);
    await expectRefused(["-w", capture], /cannot continue .*it belongs to user 65534/);
    expect(readFileSync(capture).equals(before)).toBe(true);
  });

  test("link in the place of the copy of the filters is not written through", async () => {
    const filters = join(directory, "filters.yaml");
    const copy = join(directory, ".filters.yaml.good");
    writeFileSync(filters, "filters:\n  - { id: a, type: sip_user, pattern: alice }\n");
    plantLink(copy);
    const node = await startProcessor(["--filter-file", filters]);
    expect((await node.waitFor("filters-not-copied")).message).toContain(copy);
    node.kill("SIGTERM");
    await node.ended;
    expect(lstatSync(copy).isSymbolicLink()).toBe(true);
    expect(readFileSync(precious, "utf8")).toStartWith("do not lose this");
  });

  test("link in the place of the filters is not followed", async () => {
    const filters = join(directory, "filters.yaml");
    plantLink(filters);
    const node = await startProcessor(["--filter-file", filters]);
    expect((await node.waitFor("filters-broken")).message).toContain("that user 65534 made");
    node.kill("SIGTERM");
    await node.ended;
  });
});
