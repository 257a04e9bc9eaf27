/** The completion scripts, in the shells that they are for where those are installed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bashCompletion } from "../../../src/cli/bash-completion.ts";
import { type CompletedCommand, completionTree } from "../../../src/cli/completion-tree.ts";
import { fishCompletion } from "../../../src/cli/fish-completion.ts";
import { zshCompletion } from "../../../src/cli/zsh-completion.ts";
import { filterTypeNames } from "../../../src/wire/filter-type.ts";
import { allCommands } from "./all-commands.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-completion-"));
let tree: CompletedCommand[];

beforeAll(async () => {
  tree = await completionTree(allCommands);
  writeFileSync(join(folder, "weir.bash"), bashCompletion(tree));
  writeFileSync(join(folder, "weir.fish"), fishCompletion(tree));
  writeFileSync(join(folder, "calls *.pcap"), "");
  writeFileSync(join(folder, "calls two.pcap"), "");
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: readonly string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command], { cwd: folder });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  return stdout.toString();
}

test("the tree has every flag that this build takes, and none that it refuses", () => {
  const setFilter = tree.find(({ path }) => path === "set filter");
  const flags = setFilter?.flags.map(({ long }) => long) ?? [];
  expect(flags).toContain("type");
  expect(flags).toContain("no-enabled");
  expect(flags).toContain("tls-ca");
  const process = tree.find(({ path }) => path === "process");
  expect(process?.flags.map(({ long }) => long)).not.toContain("upstream");
  expect(flags).not.toContain("no-insecure");
});

describe("in bash", () => {
  const offer = [
    "source weir.bash",
    'COMP_WORDS=("$@")',
    "COMP_CWORD=$(($# - 1))",
    "_weir",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the shell
    "printf '%s\\n' \"${COMPREPLY[@]}\"",
  ].join("; ");

  /** What is offered for the last of these words, as bash has cut the line. */
  function offered(...words: string[]): string[] {
    return run(["bash", "--norc", "-c", offer, "bash", ...words])
      .split("\n")
      .filter((line) => line !== "");
  }

  const cases: [string[], string[]][] = [
    [
      ["weir", ""],
      ["process", "hunt", "list", "show", "set", "rm", "completion", "help"],
    ],
    [
      ["weir", "-"],
      ["--help", "--version"],
    ],
    [["weir", "l"], ["list"]],
    [
      ["weir", "list", ""],
      ["filters", "hunters"],
    ],
    [["weir", "show", "t"], ["topology"]],
    [["weir", "help", "show", "f"], ["filter"]],
    [
      ["weir", "list", "filters", "--h"],
      ["--hunter", "--help"],
    ],
    [["weir", "list", "filters", "--hunter", ""], []],
    [["weir", "list", "filters", "--json", "--ins"], ["--insecure"]],
    [
      ["weir", "set", "filter", "--type", "sip"],
      ["sip_user", "sip_uri"],
    ],
    [["weir", "set", "filter", "-t", ""], [...filterTypeNames]],
    [
      ["weir", "set", "filter", "--type", "=", "http"],
      ["http_host", "http_url"],
    ],
    [["weir", "set", "filter", "--type", "="], [...filterTypeNames]],
    [
      ["weir", "set", "filter", "--type=http"],
      ["--type=http_host", "--type=http_url"],
    ],
    [
      ["weir", "hunt", "--read", "calls"],
      ["calls *.pcap", "calls two.pcap"],
    ],
    [["weir", "hunt", "--read", "=", "calls t"], ["calls two.pcap"]],
    [["weir", "process", "--ack", "w"], ["written"]],
    [["weir", "process", "--no-s"], ["--no-stats"]],
    [
      ["weir", "completion", ""],
      ["bash", "zsh", "fish"],
    ],
  ];
  test.each(cases)("%j", (words, expected) => {
    expect(offered(...words).toSorted()).toEqual(expected.toSorted());
  });

  test("sourced twice, with a strict shell, it says nothing", () => {
    expect(run(["bash", "--norc", "-c", "set -eu; source weir.bash; source weir.bash"])).toBe("");
  });
});

test.skipIf(Bun.which("fish") === null)("fish offers commands, values and files", () => {
  const cases: [string, string][] = [
    ["weir list ", "hunters\t"],
    ["weir set filter --type s", "sip_user\t"],
    ["weir help show ", "topology\t"],
    ["weir hunt --read ", "calls two.pcap"],
  ];
  for (const [line, expected] of cases) {
    const script = `source weir.fish; complete -C ${JSON.stringify(line)}`;
    expect(run(["fish", "--no-config", "-c", script])).toContain(expected);
  }
});

test.skipIf(Bun.which("zsh") === null)("zsh reads its script", () => {
  writeFileSync(join(folder, "_weir"), zshCompletion(tree));
  expect(run(["zsh", "-f", "-n", "_weir"])).toBe("");
});
