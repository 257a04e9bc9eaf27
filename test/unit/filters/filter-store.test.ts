/** The set and its file: edits of both at once, broken files, files that cannot be written. */
import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { limits } from "../../../src/config/limits.ts";
import { until } from "../../support/record-in-process.ts";
import { Bench, codeOf, entry, fileOf } from "./filter-bench.ts";
import { filterOf } from "./filter-samples.ts";

describe("at the start", () => {
  test("a file that is not there is an empty set, and the first change creates it, private", async () => {
    const bench = new Bench("new/place/filters.yaml");
    await bench.store.load();
    expect(bench.lines.join()).toContain("no filters yet; the first filter that is set creates ");
    expect(await bench.store.set(filterOf("a"))).toBe(1);
    expect(bench.content).toBe(
      'filters:\n  - id: "a"\n    type: sip_user\n    pattern: "alice"\n    enabled: true\n',
    );
    expect(statSync(bench.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(bench.path)).mode & 0o777).toBe(0o750);
    await until(() => existsSync(bench.copy));
    expect(readdirSync(dirname(bench.path)).toSorted()).toEqual([
      ".filters.yaml.good",
      "filters.yaml",
    ]);
    expect(statSync(bench.copy).mode & 0o777).toBe(0o600);
  });

  test("a broken file leaves no filters, says where it is wrong, and is not changed by clients", async () => {
    const broken = new Bench();
    const text = fileOf("a").replace("codec", "kodec");
    broken.write(text);
    await broken.store.load();
    expect(broken.lines.join()).toContain(
      `${broken.path}:4: filter "a": type "kodec" is not a filter type; did you mean codec?; ` +
        `no filters are in force (there is no backup copy ${broken.copy}) until the file is correct`,
    );
    expect(await codeOf(broken.store.set(filterOf("b")))).toBe("filter-file-broken");
    expect(broken.content).toBe(text);
    const directory = new Bench();
    mkdirSync(directory.path);
    await directory.store.load();
    expect(directory.lines.join()).toContain(
      "it is a directory, not a file; no filters are in force",
    );
    const latin = new Bench();
    writeFileSync(latin.path, Buffer.from([0x23, 0xe9, 0x0a]));
    await latin.store.load();
    expect(latin.lines.join()).toContain("is not UTF-8 text; no filters are in force");
    for (const { ids } of [broken, directory, latin]) expect(ids).toEqual([]);
  });

  test("without a file, filters are kept in memory", async () => {
    const bench = new Bench("");
    await bench.store.load();
    await bench.store.set(filterOf("a"));
    await bench.store.set(filterOf("b"));
    expect(await bench.store.delete("a")).toBe(1);
    await bench.store.reload();
    await bench.store.set(filterOf("c"));
    expect(bench.ids).toEqual(["b", "c"]);
    expect(readdirSync(bench.directory)).toEqual([]);
  });
});

describe("an edit of the file is taken over", () => {
  const edits: Record<string, (bench: Bench) => void> = {
    "written in place": (bench) => bench.write(fileOf("a", "b")),
    "written in place in two parts": (bench) => {
      bench.write("");
      setTimeout(() => bench.write(fileOf("a", "b")), 20);
    },
    "put there by rename": (bench) => {
      writeFileSync(`${bench.path}~`, fileOf("a", "b"));
      renameSync(`${bench.path}~`, bench.path);
    },
    "deleted and created again": (bench) => {
      rmSync(bench.path);
      setTimeout(() => bench.write(fileOf("a", "b")), 20);
    },
  };

  test.each(Object.entries(edits))("%s", async (_name, edit) => {
    const bench = new Bench();
    bench.write(fileOf("a"));
    await bench.store.load();
    bench.watch();
    const begun = performance.now();
    edit(bench);
    await until(() => bench.ids.length === 2);
    expect(performance.now() - begun).toBeLessThan(1000);
    // Never less than it was: what happens within an edit is not told to hunters.
    expect(bench.changes.map(({ id, after }) => `${id} ${after !== undefined}`)).toEqual([
      "a true",
      "b true",
    ]);
  });

  test("as by Kubernetes, which swaps a link to the directory beside it", async () => {
    const bench = new Bench();
    const at = (name: string) => join(bench.directory, name);
    for (const [name, ids] of [
      ["..1", ["a"]],
      ["..2", ["a", "b"]],
    ] as const) {
      mkdirSync(at(name));
      writeFileSync(join(at(name), "filters.yaml"), fileOf(...ids));
    }
    symlinkSync("..1", at("..data"));
    symlinkSync("..data/filters.yaml", bench.path);
    await bench.store.load();
    bench.watch();
    symlinkSync("..2", at("..tmp"));
    renameSync(at("..tmp"), at("..data"));
    await until(() => bench.ids.length === 2);
    // A change by a client goes to where the link leads, and the link stays.
    await bench.store.set(filterOf("c"));
    expect(readFileSync(join(at("..2"), "filters.yaml"), "utf8")).toContain('"c"');
    expect(readFileSync(join(at("..1"), "filters.yaml"), "utf8")).not.toContain('"c"');
  });

  test("also in a directory that was not there, and its end withdraws all", async () => {
    const bench = new Bench("late/filters.yaml");
    await bench.store.load();
    bench.watch();
    mkdirSync(dirname(bench.path));
    bench.write(fileOf("a", "b"));
    await until(() => bench.ids.length === 2);
    rmSync(bench.path);
    await until(() => bench.ids.length === 0);
    expect(bench.lines.at(-1)).toContain("(there is no such file)");
  });
});

describe("a broken file", () => {
  test("changes nothing, says so once, refuses changes and is never written over", async () => {
    const bench = new Bench();
    bench.write(fileOf("a", "b"));
    await bench.store.load();
    bench.watch();
    const broken = fileOf("a", "c").replace("type", "typ");
    bench.write(broken);
    await until(() => bench.lines.some((line) => line.includes("stay in force")));
    const told = bench.lines.filter((line) => line.includes("stay in force"));
    expect(told.length).toBe(1);
    expect(told[0]).toContain(`${bench.path}:3: filter "a": type is missing`);
    expect(told[0]).toContain(`${bench.path}:4: "typ" is not read; did you mean type?`);
    expect(told[0]).toContain("the earlier filters (2) stay in force");
    expect(bench.ids).toEqual(["a", "b"]);
    expect(await codeOf(bench.store.set(filterOf("d")))).toBe("filter-file-broken");
    expect(await codeOf(bench.store.delete("a"))).toBe("filter-file-broken");
    expect(bench.content).toBe(broken);
    expect(bench.ids).toEqual(["a", "b"]);
    bench.write(fileOf("a", "c"));
    await until(() => bench.ids.includes("c"));
    await bench.store.set(filterOf("d"));
    expect(bench.ids).toEqual(["a", "c", "d"]);
  });

  test("is noticed by a change even before it is noticed by itself", async () => {
    const bench = new Bench();
    bench.write(fileOf("a"));
    await bench.store.load();
    bench.write("filters: [");
    const change = bench.store.set(filterOf("b"));
    expect(await codeOf(change)).toBe("filter-file-broken");
    await expect(change).rejects.toThrow("nothing was changed: ");
    expect(bench.content).toBe("filters: [");
  });
});

describe("changes by clients", () => {
  test("keep what the user wrote, and the permissions", async () => {
    const bench = new Bench();
    bench.write(fileOf("a", "b"));
    chmodSync(bench.path, 0o640);
    await bench.store.load();
    await bench.store.set(filterOf("b", { ...bench.filters.get("b"), pattern: "y" }));
    expect(bench.content).toBe(`# mine\nfilters:\n${entry("a")}${entry("b", '"y"')}`);
    expect(statSync(bench.path).mode & 0o777).toBe(0o640);
    await bench.store.delete("a");
    expect(bench.content).toBe(`# mine\nfilters:\n${entry("b", '"y"')}`);
    expect(await codeOf(bench.store.delete("a"))).toBe("filter-unknown");
  });

  test("that change nothing write nothing", async () => {
    const bench = new Bench();
    bench.write(fileOf("a"));
    await bench.store.load();
    const before = statSync(bench.path).ino;
    expect(await bench.store.set({ ...bench.filters.get("a")! })).toBe(1);
    expect(statSync(bench.path).ino).toBe(before);
  });

  test("come together in one file, in their order, also a thousand at once", async () => {
    const bench = new Bench();
    bench.write(fileOf("mine"));
    await bench.store.load();
    const all = Array.from({ length: 1000 }, (_, index) =>
      index % 5 === 4
        ? bench.store.delete(`f${index - 1}`)
        : bench.store.set(filterOf(`f${index}`, { pattern: `p${index}` })),
    );
    await Promise.all(all);
    const again = new Bench();
    again.write(bench.content);
    await again.store.load();
    expect(again.ids).toEqual(bench.ids);
    expect(again.ids.length).toBe(601);
    expect(bench.content).toStartWith(fileOf("mine"));
    const ids = bench.changes.slice(1).map(({ id }) => Number(id.slice(1)));
    expect(ids.filter((id, index) => index > 0 && id < ids[index - 1]! - 1)).toEqual([]);
  });

  test("of which one is refused do the others", async () => {
    const bench = new Bench();
    await bench.store.load();
    const codes = await Promise.all(
      [
        bench.store.set(filterOf("a")),
        bench.store.delete("nobody"),
        bench.store.set(filterOf("b")),
      ].map(codeOf),
    );
    expect(codes).toEqual(["", "filter-unknown", ""]);
    expect(bench.ids).toEqual(["a", "b"]);
  });

  test("and lines that others append at the same time are all there in the end", async () => {
    const bench = new Bench();
    bench.write(fileOf("start"));
    await bench.store.load();
    bench.watch();
    const appended: string[] = [];
    const appender = (async () => {
      for (let index = 0; index < 60; index++) {
        appended.push(`user${index}`);
        appendFileSync(bench.path, entry(`user${index}`));
        await Bun.sleep(index % 7);
      }
    })();
    const clients = Array.from({ length: 60 }, async (_, index) => {
      await Bun.sleep(index * 4);
      await bench.store.set(filterOf(`client${index}`));
      return `client${index}`;
    });
    const set = await Promise.all(clients);
    await appender;
    const wanted = ["start", ...appended, ...set].toSorted();
    await until(() => bench.ids.length === wanted.length);
    expect(bench.ids).toEqual(wanted);
    const again = new Bench();
    again.write(bench.content);
    await again.store.load();
    expect(again.ids).toEqual(wanted);
  }, 30_000);

  test("to a layout that cannot be edited are refused, and leave it as it is", async () => {
    const bench = new Bench();
    bench.write("{}\n");
    await bench.store.load();
    const change = bench.store.set(filterOf("a"));
    expect(await codeOf(change)).toBe("filter-file-broken");
    expect(bench.content).toBe("{}\n");
    expect(bench.ids).toEqual([]);
    bench.write("{filters: []}\n");
    await bench.store.set(filterOf("a"));
    expect(bench.ids).toEqual(["a"]);
  });

  test("to a file that cannot be written are refused", async () => {
    const bench = new Bench();
    bench.write(fileOf("a"));
    await bench.store.load();
    const inTheWay = join(bench.directory, `.filters.yaml.${process.pid}.tmp`);
    mkdirSync(inTheWay);
    const change = bench.store.set(filterOf("b"));
    expect(await codeOf(change)).toBe("filter-file-unwritable");
    await expect(change).rejects.toThrow(`${bench.path}: the filter file cannot be written: `);
    expect(bench.ids).toEqual(["a"]);
    expect(bench.content).toBe(fileOf("a"));
    rmSync(inTheWay, { recursive: true });
    await bench.store.set(filterOf("b"));
    expect(bench.ids).toEqual(["a", "b"]);
  });

  test("beyond the largest file, or the most filters, are refused", async () => {
    const bench = new Bench("");
    await bench.store.load();
    const description = "d".repeat(limits.filterDescriptionBytesMax);
    const fields = { pattern: "p".repeat(limits.filterPatternBytesMax), description };
    const codes = new Set<string>();
    for (let index = 0; index < 3000 && codes.size < 2; index++) {
      codes.add(await codeOf(bench.store.set(filterOf(`f${index}`, fields))));
    }
    expect([...codes]).toEqual(["", "filters-too-many"]);
    expect(bench.ids.length).toBeGreaterThan(1000);
    // What does not make it longer is always possible.
    expect(await codeOf(bench.store.set(filterOf("f1", { ...fields, enabled: false })))).toBe("");
    await bench.store.delete("f0");
    expect(await codeOf(bench.store.set(filterOf("small")))).toBe("");
  });
});

test("100,000 filters are read and changed without holding up the thread for long", async () => {
  const bench = new Bench();
  const ids = Array.from({ length: limits.filtersMax }, (_, index) => `filter-${index}`);
  bench.write(fileOf(...ids));
  const begun = performance.now();
  await bench.store.load();
  const loaded = performance.now();
  await bench.store.set(filterOf("filter-77777", { pattern: "new" }));
  const changed = performance.now();
  expect(await codeOf(bench.store.set(filterOf("one more")))).toBe("filters-too-many");
  console.log(
    `100,000 filters: read in ${Math.round(loaded - begun)} ms, one changed in ${Math.round(changed - loaded)} ms`,
  );
  expect(existsSync(bench.path)).toBe(true);
  expect(bench.content).toContain('pattern: "new"');
  expect(bench.filters.size).toBe(limits.filtersMax);
}, 60_000);
