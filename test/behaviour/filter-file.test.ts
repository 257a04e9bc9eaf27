/** The file of the filters on a running node: every kind of edit reaches the hunters, none is lost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { FilterClient, failureOf } from "../support/filter-client.ts";
import { FilterHunter } from "../support/filter-hunter.ts";
import { injecting, noStrace } from "../support/strace.ts";
import {
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

/** From the save to the hunter that has it. */
const pushMsMax = 500;

/** A filter file of an existing processor. */
const missionYaml = `filters:
  - id: "filter-001"
    type: "sipuser"
    pattern: "alice@example.com"
    enabled: true
`;

function entry(id: string, fields = "enabled: true"): string {
  return `  - id: ${id}   # ${id} is here\n    type: sip_user\n    pattern: "${id}"\n    ${fields}\n`;
}

function fileOf(...ids: string[]): string {
  return `# Ask Eve.\nfilters:\n${ids.map((id) => entry(id)).join("")}`;
}

describe("a running node", () => {
  const directory = scratchDirectory();
  const file = join(directory, "filters.yaml");
  let node: RunningProcessor;
  let hunter: FilterHunter;
  let client: FilterClient;

  beforeAll(async () => {
    writeFileSync(file, missionYaml);
    node = await startProcessor(["--filter-file", file]);
    hunter = await FilterHunter.start(node.address, "h1");
    client = new FilterClient(node.address);
  });

  afterAll(async () => {
    hunter.close();
    client.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  });

  async function pushes(edit: () => void, ...held: string[]): Promise<void> {
    const begun = performance.now();
    edit();
    await hunter.untilHeld(...held);
    expect(performance.now() - begun).toBeLessThan(pushMsMax);
    expect(hunter.model.mistakes).toEqual([]);
  }

  test("hands out the mission's example", async () => {
    await hunter.untilHeld("filter-001");
    expect(hunter.model.filters.get("filter-001")).toMatchObject({ pattern: "alice@example.com" });
  });

  test("sees a file written in place", () =>
    pushes(() => writeFileSync(file, fileOf("a", "b")), "a", "b"));

  test("sees a line added", () => pushes(() => appendFileSync(file, entry("c")), "a", "b", "c"));

  test("sees a file put there by rename, and those after it", async () => {
    for (const ids of [["x"], ["x", "y"], ["y"]]) {
      await pushes(
        () => {
          writeFileSync(`${file}.new`, fileOf(...ids));
          renameSync(`${file}.new`, file);
        },
        ...ids,
      );
    }
  });

  test("sees a link swapped, also one that leads elsewhere", async () => {
    const elsewhere = scratchDirectory();
    for (const ids of [["l1"], ["l2", "l3"]]) {
      const target = join(elsewhere, `${ids.join("")}.yaml`);
      writeFileSync(target, fileOf(...ids));
      await pushes(
        () => {
          symlinkSync(target, `${file}.link`);
          renameSync(`${file}.link`, file);
        },
        ...ids,
      );
      await pushes(() => writeFileSync(target, fileOf(...ids, "more")), ...ids, "more");
    }
  });

  test("sees a directory swapped as Kubernetes does it", async () => {
    const at = (name: string) => join(directory, name);
    for (const name of ["k1", "k2"]) {
      mkdirSync(at(`..${name}`));
      writeFileSync(join(at(`..${name}`), "filters.yaml"), fileOf(name));
    }
    symlinkSync("..k1", at("..data"));
    await pushes(() => {
      rmSync(file);
      symlinkSync("..data/filters.yaml", file);
    }, "k1");
    await pushes(() => {
      symlinkSync("..k2", at("..data_tmp"));
      renameSync(at("..data_tmp"), at("..data"));
    }, "k2");
  });

  test("sees it deleted and created", async () => {
    await pushes(() => rmSync(file));
    await pushes(() => writeFileSync(file, fileOf("a")), "a");
  });

  test("reads it on SIGHUP, and goes on", async () => {
    const before = node.lines.length;
    node.kill("SIGHUP");
    await node.waitFor("node-reloading");
    // It says what it read, also when nothing has changed.
    const line = await node.waitFor("filters-loaded", ({ changed }) => changed === 0, before);
    expect(line.message).toBe(`${file}: 1 filter`);
    await pushes(
      () => {
        writeFileSync(file, fileOf("a", "hup"));
        node.kill("SIGHUP");
      },
      "a",
      "hup",
    );
    expect(node.latest("node-stopping")).toBeUndefined();
  });

  test("keeps the filters of before when it is broken, refuses changes, and never writes over it", async () => {
    const broken = fileOf("a", "b").replace("type: sip_user", "type: sip_usr");
    const seen = node.lines.length;
    writeFileSync(file, broken);
    const line = await node.waitFor("filters-broken", () => true, seen);
    expect(line.message).toStartWith(
      `${file}:4: filter "a": type "sip_usr" is not a filter type; did you mean sip_user?`,
    );
    expect(line.message).toEndWith("the earlier filters (2) stay in force");
    expect(hunter.held).toEqual(["a", "hup"]);
    for (const change of [client.set("new"), client.delete("a")]) {
      const { code, details } = await failureOf(change);
      expect(code).toBe(status.FAILED_PRECONDITION);
      expect(details).toContain(`nothing was changed: ${file}:4: filter "a": type`);
    }
    expect(readFileSync(file, "utf8")).toBe(broken);
    expect((await client.get()).map(({ id }) => id)).toEqual(["a", "hup"]);
    await pushes(() => writeFileSync(file, fileOf("a", "b")), "a", "b");
  });

  test("changes it for clients without touching what the user wrote", async () => {
    const old = fileOf("a", "b");
    await client.set("b", { pattern: "bob" });
    expect(readFileSync(file, "utf8")).toBe(old.replace('"b"', '"bob"'));
    await client.delete("a");
    await client.set("c", { description: "new" });
    expect(readFileSync(file, "utf8")).toBe(
      `${fileOf("b").replace('"b"', '"bob"')}  - id: "c"\n    type: sip_user\n    pattern: "alice"\n    enabled: true\n    description: "new"\n`,
    );
    await hunter.untilHeld("b", "c");
  });

  test("loses nothing of changes by clients and by others at once", async () => {
    const wanted = ["b", "c"];
    const clients = Array.from({ length: 50 }, async (_, index) => {
      await Bun.sleep(index * 5);
      await client.set(`client${index}`);
      wanted.push(`client${index}`);
    });
    for (let index = 0; index < 50; index++) {
      appendFileSync(file, entry(`user${index}`));
      wanted.push(`user${index}`);
      await Bun.sleep(index % 9);
    }
    await Promise.all(clients);
    await hunter.untilHeld(...wanted);
    const again = await startProcessor(["--filter-file", file]);
    const reader = new FilterClient(again.address);
    expect((await reader.get()).map(({ id }) => id).toSorted()).toEqual(wanted.toSorted());
    reader.close();
    again.kill("SIGTERM");
    expect((await again.ended).code).toBe(0);
  });
});

describe("at the start", () => {
  test("a torn file does not keep the node from starting, with the last good filters", async () => {
    const directory = scratchDirectory();
    const file = join(directory, "filters.yaml");
    const copy = join(directory, ".filters.yaml.good");
    writeFileSync(file, fileOf("a", "b"));
    const before = await startProcessor(["--filter-file", file]);
    await until(() => existsSync(copy));
    before.kill("SIGKILL");
    await before.ended;
    const torn = fileOf("a", "b").slice(0, -25);
    writeFileSync(file, torn);

    const node = await startProcessor(["--filter-file", file]);
    const line = node.latest("filters-broken");
    expect(line?.level).toBe("error");
    expect(line?.message).toMatch(/filters\.yaml:\d+: /);
    expect(line?.message).toEndWith(
      `the backup copy ${copy} (2 filters) is in force until the file is correct`,
    );
    const hunter = await FilterHunter.start(node.address, "h1");
    await hunter.untilHeld("a", "b");
    const client = new FilterClient(node.address);
    expect((await failureOf(client.set("c"))).code).toBe(status.FAILED_PRECONDITION);
    expect(readFileSync(file, "utf8")).toBe(torn);
    writeFileSync(file, fileOf("b", "c"));
    await hunter.untilHeld("b", "c");
    await client.set("d");
    hunter.close();
    client.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  });

  test("a file that is wrong and has no good copy leaves no filters, and names file, line and field", async () => {
    const file = join(scratchDirectory(), "filters.yaml");
    writeFileSync(file, fileOf("a").replace('"a"', '""'));
    const node = await startProcessor(["--filter-file", file]);
    const line = node.latest("filters-broken");
    expect(line?.message).toStartWith(`${file}:5: filter "a": pattern is empty; no filters are in`);
    const client = new FilterClient(node.address);
    expect(await client.get()).toEqual([]);
    expect((await failureOf(client.set("c"))).code).toBe(status.FAILED_PRECONDITION);
    client.close();
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain('pattern: ""');
  });

  test.skipIf(noStrace !== "")(
    "a file that cannot be renamed into its place is left as it was",
    async () => {
      const file = join(scratchDirectory(), "filters.yaml");
      writeFileSync(file, fileOf("a"));
      const under = injecting([], ["?rename,?renameat,?renameat2:error=EIO"]);
      const node = await startProcessor(["--filter-file", file], { under });
      const client = new FilterClient(node.address);
      const { code, details } = await failureOf(client.set("b"));
      expect(code).toBe(status.FAILED_PRECONDITION);
      expect(details).toContain(`${file}: the filter file cannot be written: EIO`);
      expect((await client.get()).map(({ id }) => id)).toEqual(["a"]);
      expect(readFileSync(file, "utf8")).toBe(fileOf("a"));
      client.close();
      node.kill("SIGTERM");
      expect((await node.ended).code).toBe(0);
    },
  );

  test("without --filter-file it is the one in the home directory, created by the first change", async () => {
    const home = scratchDirectory();
    const node = await startProcessor([], { cwd: home });
    const client = new FilterClient(node.address);
    expect(await client.get()).toEqual([]);
    await client.set("a");
    const file = join(home, ".config/lippycat/filters.yaml");
    expect(readFileSync(file, "utf8")).toContain('id: "a"');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    node.kill("SIGKILL");
    await node.ended;
    client.close();
    const again = await startProcessor([], { cwd: home });
    const reader = new FilterClient(again.address);
    expect((await reader.get()).map(({ id }) => id)).toEqual(["a"]);
    reader.close();
    again.kill("SIGTERM");
    await again.ended;
  });

  test("a named file that is not there is said to be created later", async () => {
    const file = join(scratchDirectory(), "none/filters.yaml");
    const node = await startProcessor(["--filter-file", file]);
    expect(node.latest("filters-loaded")?.message).toBe(
      `no filters yet; the first filter that is set creates ${file}`,
    );
    node.kill("SIGTERM");
    expect((await node.ended).code).toBe(0);
  });
});

test("a file of 100,000 filters is handed out, and one change is quick", async () => {
  const file = join(scratchDirectory(), "filters.yaml");
  const ids = Array.from({ length: 100_000 }, (_, index) => `f${index}`);
  writeFileSync(file, fileOf(...ids).replaceAll(/ {3}# .*$/gm, ""));
  const node = await startProcessor(["--filter-file", file]);
  const client = new FilterClient(node.address);
  expect((await client.get()).length).toBe(100_000);
  const hunter = await FilterHunter.start(node.address, "h1");
  expect(hunter.model.filters.size).toBeGreaterThan(10_000);
  await hunter.until(() => hunter.model.filters.size === 100_000);
  expect(hunter.model.mistakes).toEqual([]);
  const begun = performance.now();
  await client.set("f500", { pattern: "changed" });
  await hunter.until(() => hunter.model.filters.get("f500")?.pattern === "changed");
  const changed = performance.now();
  appendFileSync(file, "    description: last\n");
  await hunter.until(() => hunter.model.filters.get("f99999")?.description === "last");
  console.log(
    `of 100,000 filters: one set in ${Math.round(changed - begun)} ms, one edited in ${Math.round(performance.now() - changed)} ms`,
  );
  const { code } = await failureOf(client.set("one-more"));
  expect(code).toBe(status.RESOURCE_EXHAUSTED);
  hunter.close();
  client.close();
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
}, 300_000);
