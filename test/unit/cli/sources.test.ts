import { describe, expect, test } from "bun:test";
import { processorConfigOf } from "../../../src/cli/process-config.ts";
import { limits } from "../../../src/config/limits.ts";
import { readYamlSettings } from "../../../src/config/yaml-settings.ts";
import { isFullRun } from "../../support/run-size.ts";
import { loadHunt, loadProcess } from "./load.ts";

const insecure = ["--insecure"];
const file = "~/.config/lippycat/config.yaml";

function yamlProblems(yaml: string): readonly string[] {
  return loadProcess({ words: insecure, yaml }).problems;
}

describe("the file", () => {
  const cases: [string, string, string][] = [
    [
      "unknown key",
      "processor:\n  max_huntres: 5\n",
      `:2: unknown key processor.max_huntres; did you mean processor.max_hunters?`,
    ],
    [
      "unknown key below tls",
      "processor:\n  tls:\n    cert: x\n",
      ":3: unknown key processor.tls.cert",
    ],
    ["a key like nothing", "processor:\n  colour: red\n", ":2: unknown key processor.colour"],
    [
      "a key with a control character",
      'processor:\n  "a\\u001b": 1\n',
      ':2: unknown key "processor.a\\u001b"',
    ],
    [
      "text for a number",
      "processor:\n  max_hunters: many\n",
      ':2: processor.max_hunters: "many" is not a whole number from 0 to 65,536',
    ],
    [
      "a switch for a number",
      "processor:\n  max_hunters: true\n",
      ':2: processor.max_hunters: "true" is not a whole number',
    ],
    [
      "YAML 1.1 words",
      "processor:\n  stats: on\n",
      ':2: processor.stats: "on" is not true or false',
    ],
    [
      "a number for a name",
      "processor:\n  processor_id: 007\n",
      ':2: processor.processor_id: YAML reads 7 as a number; write "7"',
    ],
    [
      "a list",
      "processor:\n  listen_addr: [a, b]\n",
      ":2: processor.listen_addr: one value is expected, not a list or a map",
    ],
    ["no value", "processor:\n  max_hunters:\n", ":2: processor.max_hunters: the value is missing"],
    [
      "a value for a section",
      "processor:\n  tls: true\n",
      ":2: processor.tls: keys must follow below it, each with a space after its colon",
    ],
    [
      "a section without keys",
      "processor: 5\n",
      ":1: processor: keys must follow below it, each with a space after its colon",
    ],
    [
      "the same key twice",
      "processor:\n  stats: true\n  stats: false\n",
      ":3: Map keys must be unique",
    ],
    [
      "two spellings of a key",
      "processor:\n  id: a\n  processor_id: b\n",
      ":2: processor.id and ~/.config/lippycat/config.yaml:3: processor.processor_id set the same thing twice",
    ],
    [
      "a security section without keys",
      "processor:\n  tls:\n",
      ":2: processor.tls: nothing stands below it",
    ],
    [
      "the section of who may call without keys",
      "security:\n",
      ":1: security: nothing stands below it",
    ],
    [
      "TLS at the top",
      "tls:\n  enabled: true\n",
      ":1: tls is not read at the top of the file; it belongs below processor:",
    ],
    [
      "API keys at the top",
      "api_keys:\n  enabled: true\n",
      ":1: api_keys is not read at the top of the file; it belongs below security:",
    ],
    [
      "an alias of nothing",
      "processor:\n  max_hunters: *many\n",
      ":2: processor.max_hunters: the alias *many is not defined",
    ],
    [
      "an alias of nothing for a section",
      "processor: *node\n",
      ":1: processor: the alias *node is not defined",
    ],
    ["broken YAML", "processor:\n  a: [1\nb: 2\n", ":3:"],
    ["not a map", "- a\n- b\n", ":1: the file must hold keys and values"],
    [
      "two documents",
      "processor:\n  stats: true\n---\nx: 1\n",
      ":4: only one YAML document is expected",
    ],
    [
      "per-call captures",
      "processor:\n  per_call_pcap:\n    enabled: true\n",
      ":2: processor.per_call_pcap: Weir does not write a file per call",
    ],
    [
      "interfaces to inject into",
      "processor:\n  vif_name: lc0\n",
      ":2: processor.vif_name: Weir does not inject",
    ],
    [
      "a merge key",
      "a: &a\n  workers: 1\nprocessor:\n  <<: *a\n",
      ":4: merge keys (<<) are not supported; write out",
    ],
    [
      "a merge key at the top",
      "a: &a {processor: {workers: 1}}\n<<: *a\n",
      ":2: merge keys (<<) are not supported; write out",
    ],
    [
      "an unknown key beside the API keys",
      "security:\n  api_keys:\n    enable: false\n",
      ":3: unknown key security.api_keys.enable; did you mean security.api_keys.enabled?",
    ],
    [
      "what the parser would quote, which may be a key",
      "security:\n  api_keys:\n    file: |secret-secret-secret\n",
      ":3: Block scalar header includes extra characters",
    ],
    [
      "a slip in the name of the API keys",
      "security:\n  api_key:\n    enabled: true\n",
      ":2: unknown key security.api_key; did you mean api_keys?",
    ],
  ];
  for (const [name, yaml, problem] of cases) {
    test(name, () => expect(yamlProblems(yaml)[0]).toStartWith(file + problem));
  }

  test("absurd nesting is a problem and not a crash", () => {
    expect(
      yamlProblems(`processor: ${"[".repeat(isFullRun ? 100_000 : 20_000)}`).length,
    ).toBeGreaterThan(0);
  });

  test("other programs' sections are not looked at", () => {
    const yaml = `hunter:\n  max_hunters: [1]\nvoip: {x: {y: z}}\nremote:\n  - a\n`;
    expect(yamlProblems(yaml)).toEqual([]);
  });

  test("what is switched off need not be here", () => {
    const yaml = `processor:\n  per_call_pcap: {enabled: false, output_dir: x}\n  pcap_command: ""\nsecurity:\n  api_keys: {enabled: false}\n`;
    expect(yamlProblems(yaml)).toEqual([]);
  });

  test("a setting at the top is a warning in the shared file, and a problem in one that was named", () => {
    const yaml = "write_file: x.pcapng\nremote: {x: 1}\nlisten_addr: ':1'\n";
    const below = "is not read at the top of the file; it belongs below processor:";
    const { problems, warnings } = loadProcess({ words: insecure, yaml });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([`${file}:1: write_file ${below}`, `${file}:3: listen_addr ${below}`]);
    const names = { sections: ["processor"], lists: [], unsupported: [], shownKeys: [] };
    const keys = new Set(["processor.write_file", "processor.listen_addr"]);
    const named = readYamlSettings({ path: "x.yaml", text: yaml, asked: true }, { ...names, keys });
    expect(named.problems).toEqual([
      `x.yaml:1: write_file ${below}`,
      `x.yaml:3: listen_addr ${below}`,
    ]);
  });

  test("a slip in the name of the section is a warning", () => {
    const { warnings } = loadProcess({ words: insecure, yaml: "procesor:\n  stats: true\n" });
    expect(warnings).toEqual([`${file}:1: procesor is not read; did you mean processor?`]);
  });

  test("a slip in the name of the section of who may call is a problem", () => {
    const yaml = "Security:\n  identities:\n    - {common_name: a, role: admin}\n";
    expect(yamlProblems(yaml)).toEqual([
      `${file}:1: unknown key "Security"; did you mean security?`,
    ]);
  });

  test("what else is said of who may call is a problem: it would keep nobody out", () => {
    const yaml = "security:\n  roles:\n    - {common_name: a, role: admin}\n";
    expect(yamlProblems(yaml)).toEqual([`${file}:2: unknown key security.roles`]);
  });

  test("anchors are followed, also in circles", () => {
    expect(yamlProblems("a: &port ':1'\nprocessor:\n  listen_addr: *port\n")).toEqual([]);
    expect(yamlProblems("processor: &p\n  tls: *p\n").length).toBeGreaterThan(0);
  });

  test("an empty file, and one of comments, set nothing", () => {
    expect(yamlProblems("")).toEqual([]);
    expect(yamlProblems("# nothing\n")).toEqual([]);
  });

  test("today's spellings are the same keys", () => {
    const yaml = "processor:\n  id: a\n  display_stats: false\n  insecure: true\n";
    const { settings, problems } = loadProcess({ yaml });
    expect(problems).toEqual([]);
    expect(settings.processorId.value).toBe("a");
    expect(settings.stats.value).toBe(false);
  });

  test("one that was asked for must be there", () => {
    const missing = loadProcess({ words: [...insecure, "--config", "/nowhere/x.yaml"] }).problems;
    expect(missing[0]).toStartWith("/nowhere/x.yaml: there is no such configuration file");
    const folder = loadProcess({ words: insecure, environment: { LIPPYCAT_CONFIG: "/" } }).problems;
    expect(folder).toEqual(["/: it is a directory, not a file"]);
  });

  test("may be a device or a pipe, of which no more than a file may have is read", () => {
    const problems = (path: string) =>
      loadProcess({ words: [...insecure, "--config", path] }).problems;
    expect(problems("/dev/null")).toEqual([]);
    expect(problems("/dev/zero")).toEqual(["/dev/zero: it is larger than 1 MiB"]);
  });

  test("of the largest size is read, one byte more is refused", () => {
    const lineOf = (bytes: number) => `#${"x".repeat(bytes - 2)}\n`;
    const yaml = `processor:\n  workers: 2\n`;
    const most = lineOf(limits.configFileBytesMax - yaml.length) + yaml;
    const { settings, problems } = loadProcess({ words: insecure, yaml: most });
    expect(problems).toEqual([]);
    expect(settings.workers.value).toBe(2);
    expect(yamlProblems(`${most}\n`)).toEqual([`${file}: it is larger than 1 MiB`]);
  });

  test("an ill-typed value is told even where a flag wins", () => {
    const yaml = "processor:\n  max_hunters: x\n";
    expect(loadProcess({ words: ["--insecure", "-m", "5"], yaml }).problems.length).toBe(1);
  });
});

describe("TLS or plain text", () => {
  const pair = ["--tls-cert", "node.pem", "--tls-key", "node.key"];
  const problemsOf = (words: readonly string[], environment = {}) =>
    loadProcess({ words, environment }).problems;

  test("has to be chosen", () => {
    const problems = problemsOf([]);
    expect(problems.length).toBe(1);
    expect(problems[0]).toStartWith("choose TLS (--tls-cert FILE");
    expect(problems[0]).toContain("--insecure");
    expect(problemsOf(["--no-insecure"])).toEqual(problems);
  });

  test("both at once are refused", () => {
    for (const word of ["--tls", "--tls-cert=x", "--tls-ca=x", "--tls-client-auth"]) {
      const name = word.split("=")[0];
      const text = `${name} and --insecure exclude each other`;
      expect(problemsOf(["--insecure", word])).toEqual([text]);
    }
  });

  test("a certificate and its key are TLS; one of them is not enough", () => {
    expect(problemsOf(pair)).toEqual([]);
    expect(problemsOf(["--tls", ...pair])).toEqual([]);
    expect(problemsOf(pair.slice(0, 2))).toEqual(["--tls-cert: needs --tls-key FILE as well"]);
    expect(problemsOf(pair.slice(2))).toEqual(["--tls-key: needs --tls-cert FILE as well"]);
    const both = "needs --tls-cert FILE and --tls-key FILE as well";
    expect(problemsOf(["--tls"])).toEqual([`--tls: ${both}`]);
    expect(problemsOf(["--tls-min-version", "1.2"])).toEqual([`--tls-min-version: ${both}`]);
  });

  test("client certificates need an authority", () => {
    const words = [...pair, "--tls-client-auth"];
    expect(problemsOf(words)).toEqual([
      "--tls-client-auth: needs --tls-ca FILE as well, the CA that issues the clients' certificates",
    ]);
    expect(problemsOf([...words, "--tls-ca", "ca.pem"])).toEqual([]);
  });

  test("TLS that is switched off is not switched on by a certificate", () => {
    expect(problemsOf([...pair, "--tls=false", "--insecure"])).toEqual([]);
    const [problem] = problemsOf([...pair, "--tls=false"]);
    expect(problem).toStartWith("--tls is false: choose TLS");
  });

  test("the oldest version is 1.3 unless 1.2 is asked for, also by a number in the file", () => {
    const versionOf = (yaml: string) => {
      const { problems, ...loaded } = loadProcess({ words: pair, yaml });
      expect(problems).toEqual([]);
      return processorConfigOf(loaded, "").tls?.minVersion;
    };
    expect(versionOf("")).toBe("1.3");
    expect(versionOf("processor:\n  tls:\n    min_version: 1.2\n")).toBe("1.2");
    expect(problemsOf([...pair, "--tls-min-version=1.1"])).toEqual([
      '--tls-min-version: "1.1" is not 1.2 or 1.3',
    ]);
  });

  test("LIPPYCAT_PRODUCTION demands TLS and client certificates", () => {
    const production = { LIPPYCAT_PRODUCTION: "true" };
    const name = "LIPPYCAT_PRODUCTION";
    const both = "needs --tls-cert FILE and --tls-key FILE as well";
    const clients = "demands client certificates: give --tls-client-auth and --tls-ca FILE";
    expect(problemsOf([], production)).toEqual([`${name}: ${both}`, `${name}: ${clients}`]);
    expect(problemsOf(pair, production)).toEqual([`${name}: ${clients}`]);
    expect(problemsOf(["--insecure"], production)).toEqual([
      `--insecure: ${name} demands TLS; unset it, or use TLS`,
    ]);
    const all = [...pair, "--tls-client-auth", "--tls-ca", "ca.pem"];
    expect(problemsOf(all, production)).toEqual([]);
  });
});

describe("weir hunt", () => {
  test("needs an input", () => {
    expect(loadHunt({ words: insecure }).problems).toEqual([
      "--read is needed: a capture file, or - for standard input",
    ]);
    expect(loadHunt({ words: ["--insecure", "--read"] }).problems).toEqual([
      "--read needs a value",
    ]);
  });

  test("reads standard input once", () => {
    expect(loadHunt({ words: ["--insecure", "--read", "-"] }).problems).toEqual([]);
    expect(loadHunt({ words: ["--insecure", "-r-", "--loop", "0"] }).problems).toEqual([
      "--loop: standard input can be read only once",
    ]);
  });

  test("has its own section and leaves the processor's alone", () => {
    const yaml = "processor:\n  nonsense: 1\nhunter:\n  processor_adr: a:1\n";
    const { problems } = loadHunt({ words: ["--insecure", "-r", "x.pcap"], yaml });
    expect(problems.length).toBe(1);
    expect(problems[0]).toEndWith(
      ":4: unknown key hunter.processor_adr; did you mean hunter.processor_addr?",
    );
  });
});
