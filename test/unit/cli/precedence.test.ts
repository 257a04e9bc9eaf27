import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { huntSettings } from "../../../src/config/hunt-settings.ts";
import { processorSettings } from "../../../src/config/processor-settings.ts";
import {
  environmentNamesOf,
  type Setting,
  type SettingTable,
} from "../../../src/config/setting.ts";
import { loadHunt, loadProcess, machine, type Situation } from "./load.ts";

/** Three values that are good for every kind of setting, as text, in order flag, environment, file. */
function samplesOf(row: Setting<unknown>): [string, string, string] {
  const { placeholder } = row.kind;
  if (row.flag === "write-file") return ["flag.pcap", "environment.pcap", "file.pcapng"];
  if (placeholder === "")
    return row.fallback === true ? ["false", "true", "true"] : ["true", "false", "false"];
  if (placeholder === "N") return ["3", "2", "1"];
  if (placeholder === "SIZE") return ["3M", "2M", "1M"];
  if (placeholder === "TIME") return ["3s", "2s", "1s"];
  if (placeholder === "ADDRESS" || placeholder === "HOST:PORT") return ["a:3", "b:2", "c:1"];
  if (placeholder.includes("|")) {
    const [one = "", two = one] = placeholder.split("|");
    return [two, one, two];
  }
  return ["from-flag", "from-environment", "from-file"];
}

/** YAML of one dotted key; booleans and numbers are plain words. */
function yamlOf(key: string, value: string): string {
  const lines = key.split(".").map((word, depth) => `${"  ".repeat(depth)}${word}:`);
  return `${lines.join("\n")} ${value}\n`;
}

type Load = (situation: Situation) => { readonly settings: object };

function rowsOf(table: SettingTable): [string, Setting<unknown>][] {
  // --config names the file itself, and what has no flag has one source only.
  return Object.entries(table).filter(([name, row]) => name !== "config" && row.flag !== "");
}

function checkPrecedence(table: SettingTable, load: Load): void {
  for (const [name, row] of rowsOf(table)) {
    const [flag, environment, file] = samplesOf(row);
    const context = { home: "/root" };
    const key = row.keys[0] ?? "";
    const variable = environmentNamesOf(row)[0] ?? "";
    const all: Required<Situation> = {
      words: [`--${row.flag}=${flag}`],
      environment: { [variable]: environment },
      yaml: yamlOf(key, file),
    };
    const pick = (situation: Situation) => {
      const settings = load(situation).settings as Record<
        string,
        { value: unknown; origin: object }
      >;
      const resolved = settings[name];
      return [resolved?.value, resolved?.origin];
    };
    test(`--${row.flag}: flag, then ${variable}, then ${key}, then the default`, () => {
      const { words, environment: variables, yaml } = all;
      expect(pick(all)).toEqual([
        row.kind.parse(flag, context),
        { source: "flag", name: `--${row.flag}` },
      ]);
      expect(pick({ environment: variables, yaml })).toEqual([
        row.kind.parse(environment, context),
        { source: "environment", name: variable },
      ]);
      expect(pick({ yaml })).toEqual([
        row.kind.parse(file, context),
        expect.objectContaining({ source: "file", line: key.split(".").length, key }),
      ]);
      expect(pick({})).toEqual([row.fallback, { source: "default" }]);
      expect(pick({ words })[0]).toEqual(row.kind.parse(flag, context));
    });
  }
}

describe("weir process", () => checkPrecedence(processorSettings(machine), loadProcess));
describe("weir hunt", () => checkPrecedence(huntSettings(machine), loadHunt));

test("the defaults are those that the mission names", () => {
  const { settings } = loadProcess({ words: ["--insecure"] });
  const values = Object.entries(settings).map(([name, { value }]) => [name, value]);
  expect(Object.fromEntries(values)).toMatchObject({
    listen: { host: "", port: 50_051 },
    processorId: "edge-1",
    maxHunters: 100,
    maxSubscribers: 100,
    writeFile: "",
    stats: true,
    statsIntervalMs: 5000,
    enableDetection: true,
    workers: 3,
    ack: "written",
    subscriberBufferBatches: 100,
    messageBytesMax: 33_554_432,
    logFormat: "text",
    logLevel: "info",
  });
});

test("workers follow the machine", () => {
  const workers = (cores: number, platform: string) =>
    processorSettings({ cores, platform, hostname: "x" }).workers.fallback;
  expect([1, 2, 4, 64].map((cores) => workers(cores, "linux"))).toEqual([1, 1, 3, 8]);
  expect(workers(8, "darwin")).toBe(1);
});

test("~ is the home directory in flags, environment and file", () => {
  const words = ["--insecure", "--write-file=~/x.pcap"];
  const byFlag = loadProcess({ words });
  expect(byFlag.settings.writeFile.value).toBe(join(byFlag.home, "x.pcap"));
  const byVariable = loadProcess({ environment: { LIPPYCAT_PROCESSOR_WRITE_FILE: "~/y.pcap" } });
  expect(byVariable.settings.writeFile.value).toBe(join(byVariable.home, "y.pcap"));
  const byFile = loadProcess({ yaml: "processor:\n  write_file: ~/z.pcap\n" });
  expect(byFile.settings.writeFile.value).toBe(join(byFile.home, "z.pcap"));
});
