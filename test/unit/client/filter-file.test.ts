import { describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { BadInput } from "../../../src/client/bad-input.ts";
import { readFilters } from "../../../src/client/filter-file.ts";
import { filterJson } from "../../../src/client/filter-view.ts";
import { readIds } from "../../../src/client/id-file.ts";
import { readInput } from "../../../src/client/input-file.ts";
import { jsonText } from "../../../src/client/json-text.ts";
import { limits } from "../../../src/config/limits.ts";
import {
  FilterSchema,
  FilterType,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";

const read = (text: string) => readFilters({ name: "f.yaml", text });

async function problemsOf(body: () => unknown): Promise<readonly string[]> {
  try {
    await body();
  } catch (error) {
    if (error instanceof BadInput) return error.problems;
    throw error;
  }
  return [];
}

const alice = {
  id: "alice",
  type: FilterType.FILTER_SIP_USER,
  pattern: "alice@example.com",
  targetHunters: ["edge-1", "edge-2"],
  enabled: true,
  description: "the first",
};

describe("a file of filters", () => {
  test("is read as a node's own file: without enabled a filter is off", async () => {
    const yaml = `# ours
filters:
  - id: alice
    type: sip_user
    pattern: alice@example.com
    target_hunters: [edge-1, edge-2]
    enabled: true
    description: "the first"
  - {id: 42, type: FILTER_PHONE_NUMBER, pattern: 49301234}
`;
    const [first, second] = await read(yaml);
    expect(first).toEqual(alice);
    expect(second).toMatchObject({ id: "42", pattern: "49301234", enabled: false });
  });

  test("may be the JSON that list filters and show filter print", async () => {
    const odd = { ...alice, id: "日本 😀", pattern: 'port 5060 and "quoted" \\ back\u202e' };
    const filters = [alice, odd].map((fields) => create(FilterSchema, fields));
    expect(await read(jsonText(filters.map(filterJson)))).toEqual([alice, odd]);
    expect(await read(`\n${JSON.stringify(filters.map(filterJson))}`)).toEqual([alice, odd]);
    expect(await read(jsonText(filterJson(filters[1] ?? create(FilterSchema))))).toEqual([odd]);
    expect(await read(jsonText({ filters: filters.map(filterJson) }))).toEqual([alice, odd]);
  });

  test("with 20,000 of them is read in a moment", async () => {
    const list = Array.from({ length: 20_000 }, (_, index) => ({ ...alice, id: `f-${index}` }));
    const json = jsonText(list.map((fields) => filterJson(create(FilterSchema, fields))));
    expect(json.length).toBeLessThan(limits.clientFileBytesMax);
    expect(await read(json)).toHaveLength(20_000);
  });

  const bad: [string, string, string][] = [
    ["no YAML", "filters: [", "f.yaml:1: "],
    ["an empty file", "", "f.yaml: it holds no filter"],
    ["an empty list", "filters: []", "f.yaml: it holds no filter"],
    ["an empty list in JSON", "[]", "f.yaml: it holds no filter"],
    ["a text", "hello", "f.yaml:1: the file must have the key filters: with a list below it"],
    ["no pattern", "filters:\n  - {id: a, type: bpf}", 'f.yaml:2: filter "a": pattern is empty'],
    [
      "no pattern in JSON",
      '[{"id": "a", "type": "bpf"}]',
      'f.yaml: entry 1: filter "a": pattern is empty',
    ],
    ["no id", '[{"type": "bpf", "pattern": "x"}]', "f.yaml: entry 1: id is empty"],
    ["a text for a filter", '["alice"]', "f.yaml: entry 1: an entry must have keys and values"],
    ["a wrong type", "filters:\n  - {id: a, type: sip_usr, pattern: x}", "did you mean sip_user?"],
    [
      "an unknown key",
      '[{"id": "a", "type": "bpf", "pattern": "x", "patern": 1}]',
      "did you mean pattern?",
    ],
    [
      "an id that breaks lines",
      '[{"id": "a\\nb", "type": "bpf", "pattern": "x"}]',
      'filter "a\\nb": id has control',
    ],
    [
      "the same id twice",
      '[{"id": "a", "type": "bpf", "pattern": "x"}, {"id": "a", "type": "bpf", "pattern": "x"}]',
      'f.yaml: entry 2: id "a" is already used by an earlier entry',
    ],
    ["JSON with a slip", '[{"id": "a",, "type": "bpf"}]', "f.yaml:1: "],
    ["absurd nesting", "[".repeat(20_000), "f.yaml:1: "],
  ];
  test.each(bad)("%s is told with its place", async (_, text, problem) => {
    expect((await problemsOf(() => read(text))).join("\n")).toContain(problem);
  });

  test("of many problems the first are told, and how many there are", async () => {
    const problems = await problemsOf(() => read(JSON.stringify(Array(1000).fill({ id: "a" }))));
    expect(problems).toHaveLength(limits.clientProblemsMax + 1);
    expect(problems.at(-1)).toBe("and 980 more");
  });
});

describe("a file of ids", () => {
  test("has one a line, with comments and empty lines between", () => {
    const text = "# old ones\n\n  alice \r\nbob\nalice\n";
    expect(readIds({ name: "ids", text })).toEqual(["alice", "bob"]);
  });

  test("without any, or with one that is none, is refused", async () => {
    const none = await problemsOf(() => readIds({ name: "ids", text: "#\n" }));
    expect(none).toEqual(["ids: it holds no id"]);
    const bell = await problemsOf(() => readIds({ name: "ids", text: "a\nb\u0007c\n" }));
    expect(bell[0]).toStartWith("ids:2: the id has control characters");
  });
});

test("an input that cannot be read says why", async () => {
  const problemOf = async (path: string) =>
    (await problemsOf(() => readInput(path, "filter file")))[0];
  expect(await problemOf("/nowhere/f")).toStartWith("/nowhere/f: there is no such filter file");
  expect(await problemOf("/")).toBe("/: it is a directory, not a file");
  expect(await problemOf(process.execPath)).toContain("is larger than");
});
