import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccessStore } from "../../../src/access/access-store.ts";
import { readAccess } from "../../../src/access/read-access.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { AccessRules } from "../../../src/config/access-config.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { noRules } from "../../support/access-rules.ts";
import { until } from "../../support/record-in-process.ts";

let directory: string;
let configFile: string;
let keysFile: string;
let store: AccessStore;
let lines: string[];
let published: AccessRules[];

const entry = (key: string, role = "hunter") =>
  `- {key: ${key}, role: ${role}, description: ${key}}\n`;
const [one, two, three] = ["key-number-one-one-1", "key-number-two-two-2", "key-number-three-333"];
const namesOf = (rules: AccessRules | undefined) => rules?.keys.map(({ name }) => name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weir-access-"));
  configFile = join(directory, "config.yaml");
  keysFile = join(directory, "keys.yaml");
  writeFileSync(configFile, "security:\n  identities: []\n", { mode: 0o600 });
  writeFileSync(keysFile, entry(one), { mode: 0o600 });
  lines = [];
  published = [];
});
afterEach(() => {
  store.stop();
  rmSync(directory, { recursive: true });
});

async function start(more: { keysFile?: string; asksForKeys?: boolean } = {}): Promise<void> {
  const asksForKeys = more.asksForKeys ?? true;
  const text = entry(one);
  const keys = { path: keysFile, text };
  const { rules } = readAccess({ config: undefined, keys, asksForKeys, verifiesClients: true });
  store = new AccessStore({
    config: { rules, configFile, keysFile, asksForKeys, verifiesClients: true, ...more },
    events: createEvents(
      createLog({
        level: "info",
        format: "text",
        colours: false,
        write: (line) => lines.push(line),
      }),
    ),
    clock: systemClock,
    publish: (each) => published.push(each),
  });
  await store.start();
}

const said = (text: string) => lines.some((line) => line.includes(text));

describe("a changed file of keys", () => {
  test("is in force soon, written in place or put there by another name or link", async () => {
    await start();
    expect(published).toEqual([]);
    expect(said("access: 1 API key, 0 certificate identities")).toBe(true);
    writeFileSync(keysFile, entry(one) + entry(two));
    await until(() => published.length === 1);
    expect(namesOf(published[0])).toEqual([one, two]);
    writeFileSync(`${keysFile}.new`, entry(two));
    renameSync(`${keysFile}.new`, keysFile);
    await until(() => published.length === 2);
    expect(namesOf(store.rules)).toEqual([two]);
    writeFileSync(join(directory, "other.yaml"), entry(three));
    symlinkSync("other.yaml", `${keysFile}.link`);
    renameSync(`${keysFile}.link`, keysFile);
    await until(() => published.length === 3);
    expect(namesOf(store.rules)).toEqual([three]);
  });

  test("leaves in force what was when it cannot be used, and says so without a key", async () => {
    await start();
    for (const [text, problem] of [
      [`${entry(one)}- {key: ${two}}\n`, "keys.yaml:2: role must be"],
      ["", "is on, and there is no key"],
      [`- {key: ${two}, role: [`, "keys.yaml:1: the YAML is not correct"],
    ] as const) {
      writeFileSync(keysFile, text);
      await until(() => said(problem));
    }
    rmSync(keysFile);
    await until(() => said("keys.yaml: there is no such file"));
    expect(lines.at(-1)).toContain("the earlier keys and identities stay in force");
    expect(namesOf(store.rules)).toEqual([one]);
    expect(published).toEqual([]);
    expect(lines.join("\n")).not.toContain(two);
    writeFileSync(keysFile, entry(two), { mode: 0o600 });
    await until(() => published.length === 1);
  });

  test("is read at once when that is asked for", async () => {
    await start();
    writeFileSync(keysFile, entry(two));
    await store.refresh();
    expect(namesOf(published[0])).toEqual([two]);
    await store.refresh();
    expect(published.length).toBe(1);
  });
});

test("a changed configuration file brings identities", async () => {
  await start();
  const identity = "  identities:\n    - {common_name: a, role: hunter, hunter_id: h1}\n";
  writeFileSync(configFile, `security:\n${identity}`);
  await until(() => published.length === 1);
  expect(store.rules.identities).toMatchObject([{ role: "hunter", hunterIds: ["h1"] }]);
  expect(namesOf(store.rules)).toEqual([one]);
});

test("who else can read a file with keys is told, and not of one without", async () => {
  chmodSync(configFile, 0o644);
  await start();
  expect(said("every user can read")).toBe(false);
  chmodSync(keysFile, 0o644);
  await until(() => said(`${keysFile} holds API keys and every user can read it (mode 0644)`));
  expect(said("config.yaml holds")).toBe(false);
  writeFileSync(configFile, `security:\n  api_keys:\n    keys:\n      ${entry(two)}`);
  await until(() => said("config.yaml holds API keys"));
});

test("a file that cannot be read twice is not followed", async () => {
  keysFile = "/dev/null";
  await start();
  expect(
    said(
      "/dev/null is not a regular file: the node does not follow changes to API keys and identities",
    ),
  ).toBe(true);
});

test("without keys and identities nothing is said", async () => {
  await start({ keysFile: "", asksForKeys: false });
  expect(lines).toEqual([]);
  expect(store.rules).toEqual(noRules);
});

test("where nobody is asked anything a file may come and go", async () => {
  await start({ keysFile: "", asksForKeys: false });
  rmSync(configFile);
  await store.refresh();
  expect(lines).toEqual([]);
  writeFileSync(configFile, "security:\n  identities:\n    - {common_name: a, role: admin}\n");
  await until(() => published.length === 1);
  expect(said("0 API keys, 1 certificate identity")).toBe(true);
});

test("a changed file does not let everybody in", async () => {
  const identity = "security:\n  identities:\n    - {common_name: a, role: admin}\n";
  await start({ keysFile: "", asksForKeys: false });
  writeFileSync(configFile, identity);
  await until(() => published.length === 1);
  for (const text of ["", "security:\n", "security:\n  identities: []\n", "processor: {}\n"]) {
    lines.length = 0;
    writeFileSync(configFile, text);
    await until(() =>
      said("config.yaml: without keys and identities, any client could make any RPC"),
    );
  }
  expect(store.rules.identities.length).toBe(1);
  expect(published.length).toBe(1);
  writeFileSync(configFile, `${identity}    - {common_name: b, role: hunter}\n`);
  await until(() => published.length === 2);
});
