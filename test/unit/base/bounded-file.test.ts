/** One reader for files that users name: what it takes, and the words for what it does not. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type FileContent,
  readBoundedFile,
  readBoundedFileSync,
} from "../../../src/base/bounded-file.ts";
import { readMark } from "../../../src/base/file-mark.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-bounded-"));
const path = (name: string) => join(directory, name);
mkdirSync(path("folder"));
symlinkSync("loop", path("loop"));
execFileSync("mkfifo", [path("pipe")]);
for (const length of [0, 1, 65_535, 65_536, 200_000]) {
  writeFileSync(path(`${length}`), "x".repeat(length), { mode: 0o640 });
}
const bytesMax = 200_000;

type Reading = (name: string, max?: number) => Promise<FileContent>;
const readings: [string, Reading][] = [
  ["while others wait", async (name, max = bytesMax) => readBoundedFileSync(path(name), max)],
  ["beside others", (name, max = bytesMax) => readBoundedFile(path(name), max, "regular")],
  ["of any kind", (name, max = bytesMax) => readBoundedFile(path(name), max, "any")],
];

describe.each(readings)("a file read %s", (_name, read) => {
  test("is whole, with the mark that it has", async () => {
    for (const length of [0, 1, 65_535, 65_536, 200_000]) {
      const content = await read(`${length}`);
      if ("fault" in content) throw new Error(content.fault);
      expect(content.bytes.length).toBe(length);
      expect(content.bytes.every((byte) => byte === 0x78)).toBe(true);
      expect(content.mark).toBe(await readMark(path(`${length}`)));
      expect(content.mode & 0o777).toBe(0o640);
    }
  });

  test("is refused in words that follow its name", async () => {
    const faultOf = async (name: string, max?: number) => {
      const content = await read(name, max);
      return "fault" in content ? [content.kind, content.fault] : [];
    };
    expect(await faultOf("none")).toEqual(["missing", "there is no such file"]);
    expect(await faultOf("1/below")).toEqual(["missing", "there is no such file"]);
    expect(await faultOf("folder")).toEqual(["directory", "it is a directory, not a file"]);
    expect(await faultOf("200000", 199_999)).toEqual(["large", "it is larger than 195.3 KiB"]);
    expect(await faultOf("loop")).toEqual([
      "failed",
      "it cannot be read: its symbolic links lead nowhere",
    ]);
  });
});

test("what has no end is refused, or read up to the ceiling", async () => {
  const large = { kind: "large", fault: "it is larger than 1000 B" };
  expect(readBoundedFileSync("/dev/zero", 1000)).toMatchObject(large);
  expect(await readBoundedFile("/dev/zero", 1000, "any")).toMatchObject(large);
  const special = {
    kind: "special",
    fault: "it is not a regular file, so it could not be read again",
  };
  expect(await readBoundedFile("/dev/zero", 1000, "regular")).toMatchObject(special);
  // And does not wait for a writer.
  expect(await readBoundedFile(path("pipe"), 1000, "regular")).toMatchObject(special);
});

test("a pipe is read to its end where that is allowed", async () => {
  const writing = Bun.spawn(["sh", "-c", `printf a > ${path("pipe")}`]);
  const content = await readBoundedFile(path("pipe"), 1000, "any");
  await writing.exited;
  expect("bytes" in content && content.bytes.toString()).toBe("a");
});
