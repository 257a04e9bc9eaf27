import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { WeirError } from "../../../src/base/errors.ts";
import { flockFile, lockFile, processStart } from "../../../src/record/lock.ts";
import {
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const directory = temporaryDirectory("lock");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function refusal(path: string): Promise<WeirError> {
  try {
    await recordInProcess(recorderConfig(path));
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error(`${path} was opened`);
}

const support = join(import.meta.dir, "../../support/record-in-process.ts");

/** A process that records to `path`, says so, and stays. */
async function otherNode(path: string): Promise<Bun.Subprocess<"pipe", "pipe", "inherit">> {
  const script = `
    import { recordInProcess, recorderConfig } from ${JSON.stringify(support)};
    await recordInProcess(recorderConfig(${JSON.stringify(path)}));
    console.log("recording");
    setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toContain("recording");
  return child;
}

test("a second node is refused by name, until the first is gone, however it went", async () => {
  const path = join(directory, "taken.pcapng");
  const child = await otherNode(path);
  const error = await refusal(path);
  expect(error.code).toBe("file-in-use");
  expect(error.message).toContain(`process ${child.pid}`);
  const link = join(directory, "link.pcapng");
  symlinkSync(path, link);
  expect((await refusal(link)).code).toBe("file-in-use");
  child.kill("SIGKILL");
  await child.exited;
  const node = await recordInProcess(recorderConfig(path));
  await node.finish();
});

test("two recorders of one process exclude each other as well", async () => {
  const path = join(directory, "twice.pcap");
  const node = await recordInProcess(recorderConfig(path));
  expect((await refusal(path)).code).toBe("file-in-use");
  await node.finish();
  const again = await recordInProcess(recorderConfig(path));
  await again.finish();
});

for (const extension of ["pcapng", "pcap"]) {
  test(`${extension}: the same file by a hard link is refused, and not a byte of it is cut`, async () => {
    const path = join(directory, `hard.${extension}`);
    const link = join(directory, `hard-link.${extension}`);
    const node = await recordInProcess(recorderConfig(path));
    node.fillers[0]?.announce(0, "hunter", "eth0", 1);
    node.fillers[0]?.packet({ interface: 0, time: 1n, bytes: Buffer.alloc(9) });
    await node.settle();
    // Such as a group that is half written.
    appendFileSync(path, "torn");
    linkSync(path, link);
    const size = statSync(path).size;
    const error = await refusal(link);
    expect([error.code, error.message]).toEqual([
      "file-in-use",
      `${link} is being written by another process`,
    ]);
    expect(statSync(path).size).toBe(size);
    await node.finish();
    const next = await recordInProcess(recorderConfig(link));
    await next.finish();
  });
}

test("flock answers by itself", () => {
  const path = join(directory, "plain");
  const one = openSync(path, "w");
  const two = openSync(path, "w");
  expect(flockFile(one)).toBe("locked");
  expect(flockFile(two)).toBe("taken");
  closeSync(one);
  expect(flockFile(two)).toBe("locked");
  closeSync(two);
});

test("where there is no flock, a live owner of the same start time holds the file", () => {
  const closed = -1;
  expect(flockFile(closed)).toBe("unsupported");
  const start = processStart(process.ppid);
  expect(lockFile(closed, { pid: process.ppid, start })).toBe(false);
  expect(lockFile(closed, { pid: process.ppid, start: "1" })).toBe(start !== "");
  expect(lockFile(closed, { pid: 2 ** 22 + 1, start: "" })).toBe(true);
  expect(lockFile(closed, undefined)).toBe(true);
});

test("what cannot be recorded to is one clear line", async () => {
  const missing = await refusal(join(directory, "no", "x.pcapng"));
  expect(missing.code).toBe("directory-missing");
  expect(missing.message).toContain(dirname(join(directory, "no", "x")));
  writeFileSync(join(directory, "file"), "");
  for (const below of ["file/x.pcapng", "file/deeper/x.pcapng"]) {
    const inFile = await refusal(join(directory, below));
    expect(inFile.code).toBe("directory-missing");
    expect(inFile.message).toEndWith(`${join(directory, "file")} is a file and not a directory`);
  }
  expect((await refusal("/dev/null/x.pcapng")).message).toEndWith("/dev/null is not a directory");
  mkdirSync(join(directory, "dir.pcapng"));
  expect((await refusal(join(directory, "dir.pcapng"))).code).toBe("file-not-regular");
  const dangling = join(directory, "dangling.pcapng");
  symlinkSync("nowhere.pcapng", dangling);
  const before = readdirSync(directory);
  expect((await refusal(dangling)).message).toBe(
    `cannot record to ${dangling}: it is a symbolic link to nowhere.pcapng, which does not exist`,
  );
  expect(readdirSync(directory)).toEqual(before);
  expect((await refusal("/proc/x.pcapng")).code).toBe("file-unwritable");
});
