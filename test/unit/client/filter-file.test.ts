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

function problemsOf(body: () => unknown): readonly string[] {
  try {
    body();
  } catch (error) {
    if (error instanceof BadInput) return error.problems;
    throw error;
  }
  return [];
}

describe("a file of filters", () => {
  const yaml = `# ours
filters:
  - id: alice
    type: sip_user
    pattern: alice@example.com
    target_hunters: [edge-1, 42]
    enabled: true
    description: "the first"
  - type: FILTER_PHONE_NUMBER
    pattern: 0049301234
`;

  test("is read as a node's own file: without enabled a filter is off, numbers keep their zeros", () => {
    const [alice, phone] = read(yaml).map(filterJson);
    expect(alice).toEqual({
      id: "alice",
      type: "sip_user",
      pattern: "alice@example.com",
      target_hunters: ["edge-1", "42"],
      enabled: true,
      description: "the first",
    });
    expect(phone).toMatchObject({ type: "phone_number", pattern: "0049301234", enabled: false });
    expect(phone?.id).toMatch(/^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/);
  });

  test("may be the JSON that list filters and show filter print", () => {
    const filter = create(FilterSchema, {
      id: "x\u202e\u009b😀",
      type: FilterType.FILTER_BPF,
      pattern: 'port 5060 and "quoted" \\ back',
      targetHunters: ["a", "b"],
      enabled: true,
    });
    const text = jsonText([{ ...filterJson(filter), id: "x" }]);
    expect(read(text).map(filterJson)).toEqual([{ ...filterJson(filter), id: "x" }]);
    const single = jsonText({ ...filterJson(filter), id: "日本 😀" });
    expect(read(single)[0]?.id).toBe("日本 😀");
  });

  const bad: [string, string, string][] = [
    ["no YAML", "filters: [", "f.yaml:1: "],
    ["an empty file", "", "f.yaml: there is no filter in it"],
    ["an empty list", "filters: []", "f.yaml: there is no filter in it"],
    ["only a comment", "# none", "f.yaml: there is no filter in it"],
    ["a text", "hello", "f.yaml: there is no filter in it"],
    ["no list", "filters: 5", "f.yaml:1: filters: a list is expected"],
    ["a text for a filter", "filters:\n  - alice", "f.yaml:2: a filter is expected"],
    ["no pattern", "- type: bpf", "f.yaml:1: a filter needs a pattern"],
    ["no type", "- pattern: x", "f.yaml:1: a filter needs a type"],
    ["an empty pattern", "- {type: bpf, pattern: ''}", "f.yaml:1: pattern: is empty"],
    ["a pattern of YAML's own", "- {type: bpf, pattern: true}", "pattern: a text is expected"],
    ["a list for a pattern", "- {type: bpf, pattern: [x]}", "pattern: a text is expected"],
    [
      "a wrong type",
      "- {type: sip_usr, pattern: x}",
      'unknown type "sip_usr"; did you mean sip_user?',
    ],
    ["another case", "- {type: SIP_USER, pattern: x}", "did you mean sip_user?"],
    ["an unknown key", "- {type: bpf, patern: x}", 'unknown key "patern"; did you mean pattern?'],
    ["a switch in words", "- {type: bpf, pattern: x, enabled: yes}", "enabled: true or false"],
    ["hunters in one text", "- {type: bpf, pattern: x, target_hunters: a}", "a list of hunters"],
    [
      "an id that breaks lines",
      '- {id: "a\\nb", type: bpf, pattern: x}',
      'id: "a\\nb" is not an id',
    ],
    [
      "the same id twice",
      "- {id: a, type: bpf, pattern: x}\n- {id: a, type: bpf, pattern: y}",
      "f.yaml:2: id: is that of line 1, too",
    ],
    ["a short JA3", "- {type: tls_ja3, pattern: abc}", '"abc" is not 32 hexadecimal digits'],
    ["a wrong JA4", "- {type: tls_ja4, pattern: t13d}", "is not a JA4 such as"],
    ["an address without dots", "- {type: ip_address, pattern: ten}", "is not an IP address"],
    ["a phone number in words", "- {type: phone_number, pattern: alice}", "is not a number"],
  ];
  test.each(bad)("%s is told with its place", (_, text, problem) => {
    expect(problemsOf(() => read(text)).join("\n")).toContain(problem);
  });

  test("good patterns of these types pass", () => {
    const good = [
      ["tls_ja3", "0123456789abcdef0123456789ABCDEF"],
      ["tls_ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1"],
      ["ip_address", "10.0.0.0/8"],
      ["ip_address", "2001:db8::1"],
      ["phone_number", "*456"],
      ["phone_number", "*"],
    ];
    const text = JSON.stringify(good.map(([type, pattern]) => ({ type, pattern })));
    expect(read(text).map(({ pattern }) => pattern)).toEqual(
      good.map(([, pattern = ""]) => pattern),
    );
  });

  test("of many problems the first are told, and how many there are", () => {
    const text = "- {type: bpf}\n".repeat(1000);
    const problems = problemsOf(() => read(text));
    expect(problems).toHaveLength(limits.clientProblemsMax + 1);
    expect(problems.at(-1)).toBe("and 980 more");
  });

  test("absurd nesting is a problem, not a crash", () => {
    expect(problemsOf(() => read("[".repeat(20_000))).join()).toContain("f.yaml");
  });
});

describe("a file of ids", () => {
  test("has one a line, with comments and empty lines between", () => {
    const text = "# old ones\n\n  alice \r\nbob\nalice\n";
    expect(readIds({ name: "ids", text })).toEqual(["alice", "bob"]);
  });

  test("without any, or with one that is none, is refused", () => {
    expect(problemsOf(() => readIds({ name: "ids", text: "#\n" }))).toEqual([
      "ids: there is no id in it",
    ]);
    expect(problemsOf(() => readIds({ name: "ids", text: "a\nb\u001b\n" }))[0]).toStartWith(
      "ids:2: ",
    );
  });
});

test("an input that cannot be read says why", () => {
  expect(problemsOf(() => readInput("/nowhere/f", "filter file"))[0]).toStartWith(
    "/nowhere/f: cannot read the filter file: ENOENT",
  );
  expect(problemsOf(() => readInput("/", "filter file"))).toEqual([
    "/: is a directory, not a filter file",
  ]);
  expect(problemsOf(() => readInput(process.execPath, "filter file"))[0]).toContain(
    "is larger than",
  );
});
