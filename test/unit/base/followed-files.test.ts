/** Files that are followed, by a clock that the test moves: when they are read, and what is told. */
import { afterEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FollowedFiles } from "../../../src/base/followed-files.ts";
import { until } from "../../support/record-in-process.ts";

const times = { pollMs: 20, settleMs: 50, partSettleMs: 250, settleMsMax: 400 };
const opened: FollowedFiles[] = [];
afterEach(() => {
  for (const files of opened.splice(0)) files.close();
});

class Bench {
  nowMs = 0;
  readonly directory = mkdtempSync(join(tmpdir(), "weir-followed-"));
  readonly paths: readonly string[];
  readonly files: FollowedFiles;
  /** What the owner took: the texts or faults of all files, and whether it was asked for. */
  readonly taken: string[] = [];

  constructor(...names: string[]) {
    this.paths = names.map((name) => join(this.directory, name));
    this.files = new FollowedFiles({
      paths: this.paths,
      bytesMax: 100,
      times,
      clock: { monotonicMs: () => this.nowMs },
      take: (contents, asked) => {
        const shown = [...contents.values()].map((content) =>
          "bytes" in content ? content.bytes.toString() : content.fault,
        );
        this.taken.push(`${shown.join("|")}${asked ? " asked" : ""}`);
      },
    });
    opened.push(this.files);
  }

  write(text: string, at = 0): void {
    writeFileSync(this.paths[at]!, text);
  }

  async lookAfter(ms: number): Promise<string | undefined> {
    this.nowMs += ms;
    const before = this.taken.length;
    await this.files.look();
    expect(this.taken.length - before).toBeLessThanOrEqual(1);
    return this.taken[before];
  }

  /** A change, and what is taken once it has settled after exactly `ms`. */
  async settled(change: () => void, ms: number): Promise<string | undefined> {
    change();
    expect(await this.lookAfter(0)).toBeUndefined();
    expect(await this.lookAfter(ms - 1)).toBeUndefined();
    return this.lookAfter(1);
  }
}

async function followed(...names: string[]): Promise<Bench> {
  const bench = new Bench(...names);
  for (const [at] of names.entries()) bench.write("old", at);
  await bench.files.read();
  return bench;
}

describe("one file", () => {
  test("is not taken while it stays as it was read", async () => {
    const bench = await followed("a");
    expect(await bench.lookAfter(0)).toBeUndefined();
    expect(await bench.lookAfter(10_000)).toBeUndefined();
  });

  test("is taken once for each change: in place, renamed over, by a link, by its permissions", async () => {
    const bench = await followed("a");
    const [path] = bench.paths as [string];
    expect(await bench.settled(() => bench.write("in place"), 50)).toBe("in place");
    writeFileSync(`${path}.new`, "renamed");
    expect(await bench.settled(() => renameSync(`${path}.new`, path), 50)).toBe("renamed");
    for (const [name, text] of [
      ["one", "by a link"],
      ["two", "retargeted"],
    ] as const) {
      writeFileSync(join(bench.directory, name), text);
      symlinkSync(name, `${path}.link`);
      expect(await bench.settled(() => renameSync(`${path}.link`, path), 50)).toBe(text);
    }
    expect(await bench.settled(() => chmodSync(path, 0o600), 50)).toBe("retargeted");
    expect(await bench.lookAfter(10_000)).toBeUndefined();
  });

  test("that is empty or gone may be half of a change", async () => {
    const bench = await followed("a");
    expect(await bench.settled(() => bench.write(""), 250)).toBe("");
    expect(await bench.settled(() => rmSync(bench.paths[0]!), 250)).toBe("there is no such file");
    rmSync(bench.directory, { recursive: true });
    expect(await bench.lookAfter(1000)).toBeUndefined();
    mkdirSync(bench.directory);
    expect(await bench.settled(() => bench.write("again"), 50)).toBe("again");
  });

  test("that is written on and on is read in the end", async () => {
    const bench = await followed("a");
    let text = "";
    const looks: (string | undefined)[] = [];
    for (let n = 0; n <= 10; n++) {
      text += "x";
      bench.write(text);
      looks.push(await bench.lookAfter(n === 0 ? 0 : 40));
    }
    expect(looks.findIndex((taken) => taken !== undefined)).toBe(10);
  });

  test("that is written on and on is not read while it is empty or gone", async () => {
    const bench = await followed("a");
    for (let n = 0; n < 30; n++) {
      bench.write("x".repeat(n + 1));
      if (n % 2 === 0) bench.write("");
      else rmSync(bench.paths[0]!);
      expect(await bench.lookAfter(n === 0 ? 0 : 20)).toBeUndefined();
    }
    bench.write("whole");
    expect(await bench.lookAfter(10)).toBe("whole");
  });

  test("that goes back to what it was is no change", async () => {
    const bench = await followed("a");
    const [path] = bench.paths as [string];
    renameSync(path, `${path}.kept`);
    expect(await bench.lookAfter(0)).toBeUndefined();
    renameSync(`${path}.kept`, path);
    expect(await bench.lookAfter(1000)).toBeUndefined();
  });

  test("that cannot be read is told once, and when something else comes of it", async () => {
    const bench = await followed("a");
    const large = () => bench.write("x".repeat(101));
    expect(await bench.settled(large, 50)).toBe("it is larger than 100 B");
    expect(await bench.lookAfter(1000)).toBeUndefined();
    expect(
      await bench.settled(() => {
        rmSync(bench.paths[0]!);
        mkdirSync(bench.paths[0]!);
      }, 50),
    ).toBe("it is a directory, not a file");
    rmSync(bench.paths[0]!, { recursive: true });
    symlinkSync("a", bench.paths[0]!);
    expect(await bench.lookAfter(0)).toBeUndefined();
    expect(await bench.lookAfter(50)).toBe("it cannot be read: its symbolic links lead nowhere");
    for (let n = 0; n < 3; n++) expect(await bench.lookAfter(1000)).toBeUndefined();
  });

  test("is read at once when that is asked for, changed or not", async () => {
    const bench = await followed("a");
    bench.write("new");
    await bench.files.refresh();
    await bench.files.refresh();
    expect(bench.taken).toEqual(["new asked", "new asked"]);
    expect(await bench.lookAfter(1000)).toBeUndefined();
  });

  test("that its owner has written is no change", async () => {
    const bench = await followed("a");
    bench.write("by the owner");
    const other = new Bench();
    await other.files.read();
    const reader = new FollowedFiles({
      paths: bench.paths,
      bytesMax: 100,
      times,
      clock: { monotonicMs: () => 0 },
      take: () => {},
    });
    await reader.read();
    bench.files.wrote(reader.mark);
    expect(await bench.lookAfter(0)).toBeUndefined();
    expect(await bench.lookAfter(1000)).toBeUndefined();
  });
});

describe("files that belong together", () => {
  test("are read together, and a change of one may be half of one", async () => {
    const bench = await followed("a", "b");
    bench.write("new", 0);
    expect(await bench.lookAfter(0)).toBeUndefined();
    expect(await bench.lookAfter(249)).toBeUndefined();
    bench.write("new", 1);
    expect(await bench.lookAfter(1)).toBeUndefined();
    expect(await bench.lookAfter(150)).toBe("new|new");
    expect(await bench.settled(() => bench.write("newer", 1), 250)).toBe("new|newer");
  });

  test("are one file where they are named twice, and none never change", async () => {
    const twice = await followed("a", "a");
    expect(await twice.settled(() => twice.write("both"), 50)).toBe("both");
    const none = await followed();
    none.files.follow();
    expect(await none.lookAfter(1000)).toBeUndefined();
    await none.files.settle();
    await none.files.refresh();
    expect(none.taken).toEqual([]);
  });
});

test("what is done in turn is not crossed by a look", async () => {
  const bench = await followed("a");
  bench.write("new");
  await bench.lookAfter(0);
  bench.nowMs += 50;
  const seen: number[] = [];
  const turn = bench.files.inTurn(async () => {
    await Bun.sleep(20);
    seen.push(bench.taken.length);
    await bench.files.settle();
    seen.push(bench.taken.length);
  });
  await bench.files.look();
  await turn;
  expect(seen).toEqual([0, 1]);
  expect(bench.taken).toEqual(["new"]);
});

test("a followed file is looked at again by itself until it is settled", async () => {
  const bench = await followed("a");
  bench.files.follow();
  bench.write("new");
  // Time passes at each look that the watch brings.
  const advance = setInterval(() => {
    bench.nowMs += 10;
  }, 5);
  await until(() => bench.taken.length === 1);
  clearInterval(advance);
  expect(bench.taken).toEqual(["new"]);
});
