/** The copy of the last good filters, and what a start with a broken file makes of it. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../support/record-in-process.ts";
import { Bench, codeOf, fileOf } from "./filter-bench.ts";
import { filterOf } from "./filter-samples.ts";

describe("the copy of the last good filters", () => {
  /** What a node that was killed left behind. */
  function left(file: string, copy?: string): Bench {
    const bench = new Bench();
    bench.write(file);
    if (copy !== undefined) writeFileSync(bench.copy, copy);
    return bench;
  }

  test("follows the file and the changes of clients", async () => {
    const bench = left(fileOf("a"), "filters: [");
    await bench.store.load();
    const copied = (text: string) => until(() => readFileSync(bench.copy, "utf8") === text);
    await copied(fileOf("a"));
    bench.watch();
    bench.write(fileOf("a", "b"));
    await copied(fileOf("a", "b"));
    await bench.store.set(filterOf("c"));
    await copied(bench.content);
    bench.write("filters: [");
    await until(() => bench.lines.some((line) => line.includes("stay in force")));
    await bench.store.reload();
    expect(readFileSync(bench.copy, "utf8")).toContain('"c"');
    rmSync(bench.path);
    await until(() => !existsSync(bench.copy));
    expect(bench.ids).toEqual([]);
  });

  test("is the set when the file is broken at the start, until it is good", async () => {
    const torn = fileOf("a", "b").slice(0, -20);
    const bench = left(torn, fileOf("a", "b"));
    await bench.store.load();
    expect(bench.ids).toEqual(["a", "b"]);
    expect(bench.changes.map(({ id }) => id)).toEqual(["a", "b"]);
    const said = bench.lines.find((line) => line.includes(bench.copy)) ?? "";
    expect(said).toMatch(/filters\.yaml:\d+: /);
    expect(said).toContain(
      `the backup copy ${bench.copy} (2 filters) is in force until the file is`,
    );
    for (const change of [bench.store.set(filterOf("c")), bench.store.delete("a")]) {
      expect(await codeOf(change)).toBe("filter-file-broken");
    }
    await bench.store.reload();
    expect(bench.content).toBe(torn);
    expect(readFileSync(bench.copy, "utf8")).toBe(fileOf("a", "b"));
    bench.write(fileOf("b", "c"));
    await bench.store.set(filterOf("d"));
    expect(bench.ids).toEqual(["b", "c", "d"]);
    await until(() => readFileSync(bench.copy, "utf8") === bench.content);
  });

  test("that is broken, too, is told and not used", async () => {
    const bench = left("filters: [", "filters: {");
    await bench.store.load();
    expect(bench.ids).toEqual([]);
    expect(bench.lines.join()).toContain(`the backup copy ${bench.copy} is broken too`);
  });

  test("that cannot be written is told once, and keeps nobody from changing filters", async () => {
    const bench = left(fileOf("a"));
    mkdirSync(join(bench.copy, "in-the-way"), { recursive: true });
    await bench.store.load();
    const told = () =>
      bench.lines.filter((line) =>
        line.includes("the backup copy of the filters cannot be written"),
      );
    await until(() => told().length > 0);
    await bench.store.set(filterOf("b"));
    await bench.store.reload();
    expect(bench.ids).toEqual(["a", "b"]);
    expect(told().length).toBe(1);
  });
});
