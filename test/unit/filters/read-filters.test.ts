import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { readPlainEntry } from "../../../src/filters/plain-entry.ts";
import { knownEntries, readFilters } from "../../../src/filters/read-filters.ts";
import { FilterType } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { seededRandom } from "../../support/seed.ts";
import { filterOf, filtersIn, readText } from "./filter-samples.ts";

/** A filter file of an existing processor. */
const missionYaml = `filters:
  - id: "filter-001"
    type: "sipuser"
    pattern: "alice@example.com"
    enabled: true
`;

async function problemsOf(text: string): Promise<string[]> {
  const { problems, text: read } = await readFilters(text);
  if (read !== undefined) throw new Error("no problems");
  return problems.map((problem) => `${problem.line}: ${problem.text}`);
}

function listOf(...entries: string[]): string {
  return `filters:\n${entries.join("")}`;
}

function entryOf(id: string, type: string, pattern: string): string {
  return `  - id: ${id}\n    type: ${type}\n    pattern: ${JSON.stringify(pattern)}\n`;
}

describe("a filter file", () => {
  test("of the mission's example is understood as it stands", async () => {
    expect(filtersIn(await readText(missionYaml))).toEqual([
      filterOf("filter-001", { pattern: "alice@example.com" }),
    ]);
  });

  test("names types in snake form, without underscores, and as the wire does", async () => {
    const types = Object.entries(FilterType).map(([name, type]) => [name, Number(type)] as const);
    expect(types.length).toBe(18);
    for (const [name, type] of types) {
      const snake = name.replace("FILTER_", "").toLowerCase();
      for (const spelling of [name, snake, snake.replaceAll("_", "")]) {
        const read = await readFilters(
          listOf(entryOf("a", spelling, samplePatterns[snake] ?? "x")),
        );
        expect(read.problems, spelling).toEqual([]);
        expect(filtersIn(read.text!)[0]?.type, spelling).toBe(type as FilterType);
      }
    }
  });

  test("may leave out what has a default; without enabled a filter is off", async () => {
    const text = await readText(listOf(entryOf("a", "bpf", "tcp port 5060")));
    expect(filtersIn(text)).toEqual([
      filterOf("a", { type: FilterType.FILTER_BPF, pattern: "tcp port 5060", enabled: false }),
    ]);
  });

  test("that is empty, or says that there are none, has none", async () => {
    for (const text of ["", "\n", "# x\n", "filters:\n", "filters: []", "filters: null\n"]) {
      expect(filtersIn(await readText(text)), text).toEqual([]);
    }
  });

  test("has phone numbers in the form that hunters compare", async () => {
    const text = await readText(listOf(entryOf("a", "phone_number", "tel:+49 30 123")));
    expect(text.get("a")?.pattern).toBe("4930123");
  });

  test.each<[string, string, string[]]>([
    [
      "a type that is nearly one",
      entryOf("a", "sip_usr", "x"),
      ['3: filter "a": type "sip_usr" is not a filter type; did you mean sip_user?'],
    ],
    [
      "a type in other case",
      entryOf("a", "SIP_USER", "x"),
      ['3: filter "a": type "SIP_USER" is not a filter type; did you mean sip_user?'],
    ],
    ["no type", "  - id: a\n    pattern: x\n", ['2: filter "a": type is missing']],
    ["no id", "  - type: bpf\n    pattern: x\n", ["2: id is empty"]],
    ["no pattern", "  - id: a\n    type: bpf\n", ['2: filter "a": pattern is empty']],
    [
      "a pattern of its type that cannot be",
      entryOf("a", "ip_address", "192.168.*"),
      [
        '4: filter "a": pattern "192.168.*" is not an IPv4 or IPv6 address or network; write a network like 192.168.0.0/16',
      ],
    ],
    [
      "a list where a text belongs",
      "  - id: a\n    type: bpf\n    pattern: [x]\n",
      ['4: filter "a": pattern must be one text; put it in quotes'],
    ],
    [
      "a text where a list belongs",
      `${entryOf("a", "bpf", "x")}    target_hunters: h\n`,
      ['5: filter "a": target_hunters must be a list of hunter ids, such as [hunter-1, hunter-2]'],
    ],
    [
      "another word for true",
      `${entryOf("a", "bpf", "x")}    enabled: maybe\n`,
      ['5: filter "a": enabled must be true or false'],
    ],
    [
      "no keys",
      "  - filter-001\n",
      ["2: an entry must have keys and values: id, type, pattern, enabled"],
    ],
    [
      "an id twice",
      entryOf("a", "bpf", "x") + entryOf("b", "bpf", "x") + entryOf("a", "bpf", "y"),
      ['8: id "a" is already used by the filter in line 2'],
    ],
    [
      "an alias",
      "  - &x\n    id: a\n    type: bpf\n    pattern: x\n  - <<: *x\n    id: b\n",
      ["6: aliases (*name) and merge keys (<<) are not supported; write the value itself"],
    ],
    [
      "half a character",
      entryOf("a", "bpf", "x").replace('"x"', '"\\ud800"'),
      ['4: filter "a": pattern has control characters or is not valid UTF-8'],
    ],
  ])("with %s is refused by line and field", async (_name, entries, expected) => {
    expect(await problemsOf(listOf(entries))).toEqual(expected);
    // The same behind entries that are fine, and in another layout.
    const many = Array.from({ length: 300 }, (_, index) => entryOf(`x${index}`, "bpf", "tcp"));
    const shifted = expected.map((text) =>
      text.replaceAll(/(^|in line )(\d+)/g, (_all, word, line) => `${word}${Number(line) + 900}`),
    );
    expect(await problemsOf(listOf(...many, entries))).toEqual(shifted);
  });

  test("that is no YAML is refused by line", async () => {
    expect(await problemsOf("filters:\n  - id: a\n    type: [\n")).not.toEqual([]);
    expect((await problemsOf(`${missionYaml}  bad\n`))[0]).toStartWith("6: ");
    expect((await problemsOf(`${missionYaml}other: "x\n`))[0]).toMatch(/^[67]: /);
    expect(await problemsOf(`${missionYaml}---\nx: 1\n`)).toEqual([
      "1: only one YAML document is expected",
    ]);
    expect(await problemsOf("- id: a\n")).toEqual([
      "1: the file must have the key filters: with a list below it",
    ]);
    expect(await problemsOf("filters: x\n")).toEqual(["1: the value of filters: must be a list"]);
    expect(await problemsOf("filter:\n  - id: a\n")).toEqual([
      "1: unknown key filter; did you mean filters?",
    ]);
    expect(await problemsOf("[".repeat(10_000))).not.toEqual([]);
  });

  test("tells at most so many problems, and doubts about keys that are not read", async () => {
    const many = Array.from({ length: 500 }, (_, index) => entryOf(`x${index}`, "bp", "tcp"));
    expect(await problemsOf(listOf(...many))).toHaveLength(limits.filterRemarksMax);
    const read = await readFilters(`${missionYaml}    enabeld: true\n    note: x\n`);
    expect(read.warnings).toEqual([
      { line: 6, text: `"enabeld" is not read; did you mean enabled?` },
      { line: 7, text: `"note" is not read` },
    ]);
  });

  test("that has one id many times is refused at once", async () => {
    const entries = Array.from({ length: 30_000 }, (_, index) =>
      entryOf(`x${Math.min(index, 15_000)}`, "bpf", "tcp"),
    );
    expect(await problemsOf(listOf(...entries))).toHaveLength(limits.filterRemarksMax);
  });

  test("with more filters than there may be is refused", async () => {
    const entries = Array.from({ length: limits.filtersMax + 1 }, () => "  - id: a\n");
    expect((await problemsOf(listOf(...entries)))[0]).toBe(
      "1: 100001 filters are too many; the most is 100,000",
    );
  });
});

/** A pattern of each type that checks its patterns. */
const samplePatterns: Record<string, string> = {
  ip_address: "10.0.0.0/8",
  phone_number: "49301234",
  tls_ja3: "0123456789abcdef0123456789ABCDEF",
  tls_ja3s: "0123456789abcdef0123456789abcdef",
  tls_ja4: "t13d1516h2_8daaf6152771_e5627efa2ab1",
  imsi: "262011234567890",
  imei: "35123456789012",
};

test("entries that were read before are not read again, and mean the same", async () => {
  const entries = Array.from({ length: 50 }, (_, index) => entryOf(`x${index}`, "bpf", "tcp # c"));
  const first = await readText(listOf(...entries));
  const changed = listOf(...entries).replace("x7\n", "y7\n");
  const again = await readFilters(changed, knownEntries(first));
  expect(filtersIn(again.text!)).toEqual(filtersIn(await readText(changed)));
  expect(again.text!.get("x8")).toBe(first.get("x8"));
});

test("plain entries mean what the parser says", async () => {
  const random = seededRandom("plain entries");
  const texts = [
    "a",
    '"a"',
    "null",
    '"null"',
    "true",
    "1e3",
    "0x1F",
    "+49",
    "~",
    "''",
    '""',
    "a b",
    '"a b"',
    "a: b",
    '"é😀"',
    '"a\\n"',
    "-",
    "-1",
    "a#b",
    '"#"',
    "a #b",
    "=",
    "1_0",
    "2001-01-01",
    "NULL",
    "nullx",
    "@a",
    ".5",
    "a.b@c-d",
    "[]",
    '["a"]',
    '["a", "b"]',
    "[a]",
    '["a","b"]',
  ];
  const keys = ["id", "type", "pattern", "enabled", "description", "target_hunters", "x"];
  let plain = 0;
  for (let round = 0; round < 3000; round++) {
    const lines: string[] = ["id: i", "type: codec", "pattern: p"];
    for (let count = random.between(0, 3 - 1); count >= 0; count--) {
      const name = keys[random.between(0, keys.length - 1)]!;
      const at = lines.findIndex((text) => text.startsWith(`${name}: `));
      const value = texts[random.between(0, texts.length - 1)]!;
      if (at >= 0 && random.between(0, 10 - 1) > 0) lines[at] = `${name}: ${value}`;
      else lines.push(`${name}: ${value}`);
    }
    const entry = lines.map((text, index) => `${index === 0 ? "  - " : "    "}${text}\n`).join("");
    const quick = readPlainEntry(entry, 2);
    if (quick === undefined) continue;
    plain++;
    // A comment keeps the text from being read as a plain entry.
    const slow = await readText(listOf(entry.replace("\n", " # c\n")));
    expect(filtersIn(slow), entry).toEqual([quick]);
  }
  expect(plain).toBeGreaterThan(100);
});
