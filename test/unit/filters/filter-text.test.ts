/** Edits of the user's file: what did not change stays as it was written. */
import { describe, expect, test } from "bun:test";
import { FilterType } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { seededRandom } from "../../support/seed.ts";
import { edited, filterOf, filtersIn, readText } from "./filter-samples.ts";

const file = `# Filters of the north site.   Ask Eve before you change them.
version:   3

filters:   # all of them

  # Alice, until the end of the year
  - id: "filter-001"   # first
    type: sipuser
    owner: 'ops team'
    pattern:    "alice@example.com"   # her address
    enabled: true


  # by number
  - pattern: +49 (0) 30/123
    enabled: yes
    id: number
    type: phone_number
    target_hunters:
      - edge-1   # the first
      - edge-2
    description: >-
      two
      lines
  - {id: flow, type: bpf, pattern: udp port 53, enabled: false}  # one line

# behind the list
other: [1,
  2]
`;

/** The lines of `after` that differ from those of \`before\`, when as many. */
function changedLines(before: string, after: string): string[] {
  const old = before.split("\n");
  return after.split("\n").filter((line, index) => line !== old[index]);
}

describe("an edit", () => {
  test("that changes nothing changes no character", async () => {
    let text = await readText(file);
    expect(text.toString()).toBe(file);
    for (const filter of filtersIn(text)) text = edited(text, { ...filter });
    expect(text.toString()).toBe(file);
  });

  test("of one value touches nothing but this value", async () => {
    let text = await readText(file);
    text = edited(text, { ...text.get("filter-001")!, pattern: "bob" });
    expect(changedLines(file, text.toString())).toEqual([`    pattern:    "bob"   # her address`]);
    text = edited(text, {
      ...text.get("filter-001")!,
      type: FilterType.FILTER_SIP_URI,
      enabled: false,
    });
    expect(changedLines(file, text.toString())).toEqual([
      "    type: sip_uri",
      `    pattern:    "bob"   # her address`,
      "    enabled: false",
    ]);
    text = edited(text, { ...text.get("flow")!, enabled: true, pattern: 'host "a"' });
    expect(text.toString()).toContain(
      `  - {id: flow, type: bpf, pattern: "host \\"a\\"", enabled: true}  # one line\n`,
    );
  });

  test("leaves a number as it is written while it means the same", async () => {
    let text = await readText(file);
    expect(text.get("number")).toMatchObject({
      pattern: "49030123",
      enabled: true,
      targetHunters: ["edge-1", "edge-2"],
      description: "two lines",
    });
    text = edited(text, { ...text.get("number")!, enabled: false });
    expect(changedLines(file, text.toString())).toEqual(["    enabled: false"]);
  });

  test("of values on several lines, or of none, replaces what is behind the key", async () => {
    let text = await readText(file);
    const number = text.get("number")!;
    text = edited(text, { ...number, targetHunters: ["x"], description: "" });
    expect(text.toString()).toContain(
      `    target_hunters: ["x"]\n    description: ""\n  - {id: flow,`,
    );
    let bare = await readText(
      "filters:\n  - id: a\n    type: bpf\n    pattern: tcp\n    description: # none yet\n    target_hunters:\n",
    );
    bare = edited(bare, { ...bare.get("a")!, description: "d", targetHunters: ["h"] });
    expect(bare.toString()).toBe(
      `filters:\n  - id: a\n    type: bpf\n    pattern: tcp\n    description: "d" # none yet\n    target_hunters: ["h"]\n`,
    );
  });

  test("adds keys that were not there behind the others", async () => {
    let text = await readText(file);
    text = edited(text, { ...text.get("filter-001")!, description: "x", targetHunters: ["h"] });
    expect(text.toString()).toContain(
      `    enabled: true\n    target_hunters: ["h"]\n    description: "x"\n\n\n  # by number`,
    );
    text = edited(text, { ...text.get("flow")!, description: "y" });
    expect(text.toString()).toContain(`enabled: false, description: "y"}  # one line`);
  });

  test("adds an entry at the end of the list, before what follows it", async () => {
    let text = await readText(file);
    text = edited(text, filterOf("new", { description: 'say "hi"\n', targetHunters: ["a", "b"] }));
    expect(text.toString()).toBe(
      file.replace(
        "# one line\n",
        `# one line
  - id: "new"
    type: sip_user
    pattern: "alice"
    target_hunters: ["a", "b"]
    enabled: true
    description: "say \\"hi\\"\\n"
`,
      ),
    );
    expect(filtersIn(await readText(text.toString()))).toEqual(filtersIn(text));
  });

  test("takes an entry away and leaves the comments around it", async () => {
    let text = await readText(file);
    text = edited(text, "filter-001");
    text = edited(text, "flow");
    expect(text.toString()).toContain("  # Alice, until the end of the year\n\n\n  # by number\n");
    expect(text.toString()).toContain("\n# behind the list\nother: [1,\n  2]\n");
    text = edited(text, "number");
    const empty = await readText(text.toString());
    expect(filtersIn(empty)).toEqual([]);
    text = edited(text, filterOf("again"));
    expect(filtersIn(await readText(text.toString()))).toEqual([filterOf("again")]);
    expect(text.toString()).toContain("# by number");
  });

  test("leaves no comment of an entry behind in the block scalar of the one before", async () => {
    let text = await readText(`filters:
  - id: a
    type: bpf
    pattern: |-
      tcp
  - id: b
    type: sip_user
    pattern: bob
      # Bob
  - id: c
    type: sip_user
    pattern: eve
    description: |-
      two

      # lines
`);
    text = edited(text, "b");
    text = edited(text, filterOf("new"));
    const again = await readText(text.toString());
    expect(again.get("a")?.pattern).toBe("tcp");
    expect(again.get("c")?.description).toBe("two\n\n# lines");
    expect(filtersIn(again)).toEqual(filtersIn(text));
  });

  test("keeps the ends of lines that the file has", async () => {
    let text = await readText(file.replaceAll("\n", "\r\n"));
    text = edited(text, filterOf("new"));
    text = edited(text, { ...text.get("filter-001")!, description: "d" });
    text = edited(text, { ...text.get("number")!, description: "e" });
    expect(text.toString().replaceAll("\r\n", "")).not.toContain("\n");
    expect(filtersIn(await readText(text.toString()))).toEqual(filtersIn(text));
  });
});

describe("every layout of the list", () => {
  const layouts: Record<string, string> = {
    "no file": "",
    "only a comment": "# nothing yet",
    "no value": "filters:",
    "a comment behind the key": "filters: # none\n# more\nx: 1\n",
    "a null": "filters: ~ # none\nx: 1\n",
    "another key": "x: 1",
    "empty brackets": "filters: []\n",
    "empty brackets over lines": "filters: [\n  # none\n]\n",
    brackets: `filters: [{id: a, type: bpf, pattern: tcp}, {id: b, type: bpf, pattern: udp}] # c\n`,
    "brackets over lines": `filters: [\n  {id: a, type: bpf, pattern: tcp}, # 1, 2\n  {id: b, type: bpf, pattern: udp}, # x\n]\ny: 1\n`,
    JSON: `{"filters": [{"id": "a", "type": "bpf", "pattern": "tcp", "enabled": true}], "x": 1}`,
    "no indentation":
      "filters:\n- id: a\n  type: bpf\n  pattern: tcp\n- id: b\n  type: bpf\n  pattern: udp\nx: 1",
    "a dash on its own line": "filters:\n  -\n    id: a\n    type: bpf\n    pattern: tcp\n",
    "much indentation":
      "filters:\n        -   id: a\n            type: bpf\n            pattern: tcp",
    "quoted keys": `"filters":\n  - "id": a\n    'type': bpf\n    "pattern": tcp\n`,
    "a block scalar":
      "filters:\n  - id: a\n    type: bpf\n    pattern: |-\n      tcp\n    description: |\n      # no comment\n      - no entry\n",
    "markers of a document": "---\nfilters:\n  - id: a\n    type: bpf\n    pattern: tcp\n...\n",
    "tabs in blank lines and before comments":
      "filters:\n\t\n  - id: a\n    type: bpf\n  \t# c\n    pattern: tcp\n \t \n  - id: b\n    type: bpf\n    pattern: udp\n",
    "a mark of byte order": "\ufefffilters:\n  - id: a\n    type: bpf\n    pattern: tcp\n",
  };

  test.each(Object.entries(layouts))("%s can be read and changed", async (_name, layout) => {
    let text = await readText(layout);
    expect(text.toString()).toBe(layout);
    const before = filtersIn(text);
    text = edited(text, filterOf("n1", { description: "x: [y]" }));
    text = edited(text, filterOf("n2", { pattern: "'*\\*\u2028é😀" }));
    text = edited(text, filterOf("n1", { pattern: "changed", enabled: false }));
    if (before[0] !== undefined) {
      text = edited(text, { ...before[0], pattern: "icmp", targetHunters: ["h 1", "#2"] });
    }
    expect(filtersIn(await readText(text.toString()))).toEqual(filtersIn(text));
    for (const { id } of before) text = edited(text, id);
    text = edited(text, "n1");
    text = edited(text, filterOf("n3"));
    const rest = await readText(text.toString());
    expect(filtersIn(rest).map(({ id }) => id)).toEqual(["n2", "n3"]);
    expect(filtersIn(rest)).toEqual(filtersIn(text));
    text = edited(text, "n2");
    text = edited(text, "n3");
    expect(filtersIn(await readText(text.toString()))).toEqual([]);
  });

  test.each(Object.entries(layouts))(
    "%s holds what any edits make of it",
    async (_name, layout) => {
      const random = seededRandom("edits");
      const pick = <T>(items: readonly T[]): T => items[random.between(0, items.length - 1)]!;
      const texts = ["x", "a b", "- a", "# x", '"', "'", "\\", "é: 😀", "a, b", "{}", "null", "1"];
      for (let round = 0; round < 15; round++) {
        const text = await readText(layout);
        let current = text;
        const wanted = new Map(filtersIn(text).map((filter) => [filter.id, filter]));
        for (let edit = random.between(1, 8); edit > 0; edit--) {
          const id = pick(["a", "b", "c d", "#e"]);
          if (random.between(0, 2) === 0) {
            current = edited(current, id);
            wanted.delete(id);
            continue;
          }
          const filter = filterOf(id, {
            pattern: pick(texts),
            description: pick(["", "", ...texts, "two\nlines\n"]),
            targetHunters: pick([[], [], ["h"], ["h, 1", "[h]"]]),
            enabled: random.between(0, 1) === 0,
          });
          current = edited(current, filter);
          wanted.set(id, filter);
        }
        const written = current.toString();
        expect(current.length).toBe(written.length);
        expect(current.size).toBe(wanted.size);
        const again = await readText(written);
        for (const held of [again, current]) {
          expect(new Map(filtersIn(held).map((each) => [each.id, each])), written).toEqual(wanted);
        }
        expect(again.changesFrom(current)).toEqual([]);
        const changed = current.changesFrom(text).map(({ id }) => id);
        const differs = (id: string) => !Bun.deepEquals(text.get(id), current.get(id));
        expect(changed.toSorted()).toEqual(["a", "b", "c d", "#e"].filter(differs).toSorted());
        // What it was made of is as it was.
        expect(text.toString()).toBe(layout);
        expect(text.length).toBe(layout.length);
      }
    },
  );
});
