import { describe, expect, test } from "bun:test";
import { readArgv } from "../../../src/cli/argv.ts";
import { processorSettings } from "../../../src/config/processor-settings.ts";
import type { Setting, SettingTable } from "../../../src/config/setting.ts";
import { Random } from "../../fuzz/fuzzer.ts";
import { loadProcess, machine, problemsOf } from "./load.ts";

function settingsOf(...words: string[]) {
  const { settings, problems } = loadProcess({ words: ["--insecure", ...words] });
  expect(problems).toEqual([]);
  return settings;
}

describe("spellings", () => {
  const same: [string[], string][] = [
    [["--write-file", "x.pcap"], "x.pcap"],
    [["--write-file=x.pcap"], "x.pcap"],
    [["-w", "x.pcap"], "x.pcap"],
    [["-w=x.pcap"], "x.pcap"],
    [["-wx.pcap"], "x.pcap"],
    [["-wx_y.pcap"], "x_y.pcap"],
    [["-w=a=b.pcap"], "a=b.pcap"],
    [["-sdw", "x.pcap"], "x.pcap"],
  ];
  for (const [words, path] of same) {
    test(words.join(" "), () => expect(settingsOf(...words).writeFile.value).toBe(path));
  }

  const switches: [string, boolean][] = [
    ["--stats", true],
    ["-s", true],
    ["--stats=true", true],
    ["--stats=1", true],
    ["--no-stats", false],
    ["--stats=false", false],
    ["-s=false", false],
    ["-s=0", false],
  ];
  for (const [word, value] of switches) {
    test(word, () => expect(settingsOf(word).stats.value).toBe(value));
  }

  test("today's names are the same flags", () => {
    expect(settingsOf("--id", "a").processorId.value).toBe("a");
    expect(settingsOf("-I", "b").processorId.value).toBe("b");
    expect(settingsOf("--processor-id", "c").processorId.value).toBe("c");
    expect(problemsOf("-P", "parent:1")[0]).toStartWith("-P: this build does not forward");
    expect(problemsOf("--processor=parent:1")[0]).toStartWith("--processor: this build");
  });
});

describe("refusals", () => {
  const cases: [string[], string][] = [
    [["--wirte-file", "x.pcap"], "unknown flag --wirte-file; did you mean --write-file?"],
    [["--frobnicate"], "unknown flag --frobnicate; --help lists the flags"],
    [["--no-write-file"], "unknown flag --no-write-file; did you mean --write-file?"],
    [["--no-stat"], "unknown flag --no-stat; did you mean --no-stats?"],
    [["--no-stats=true"], "--no-stats takes no value"],
    [["-x"], "unknown flag -x; --help lists the flags"],
    [["-sx"], 'unknown flag -x in "-sx"; --help lists the flags'],
    [["-s-"], 'unknown flag -- in "-s-"; --help lists the flags'],
    [["-s_"], 'unknown flag -_ in "-s_"; --help lists the flags'],
    [["-_"], "unknown flag -_; --help lists the flags"],
    [["--_"], "unknown flag --_; --help lists the flags"],
    [["--no-_"], "unknown flag --no-_; --help lists the flags"],
    [["-upstream"], "-u: this build does not forward to an upstream node yet"],
    [["--write-file"], "--write-file needs a value"],
    [["-w"], "-w needs a value"],
    [
      ["--write-file", "--no-stats"],
      '--write-file needs a value; to give "--no-stats" write --write-file=--no-stats',
    ],
    [["-w", "a.pcap", "-w", "b.pcap"], "-w is given twice"],
    [["-w", "a.pcap", "--write-file", "b.pcap"], "--write-file and -w are the same flag"],
    [["--id", "a", "--processor-id", "b"], "--processor-id and --id are the same flag"],
    [["--stats", "--no-stats"], "--no-stats and --stats are the same flag"],
    [["--stats", "false"], 'unexpected argument "false"; did you mean --stats=false?'],
    [["capture.pcap"], 'unexpected argument "capture.pcap"'],
    [["--", "x"], 'unexpected argument "--"'],
    [["--per-call-pcap"], "--per-call-pcap: Weir does not write a file per call"],
    [["--vif-name", "lc0"], "--vif-name: Weir does not inject packets into interfaces"],
    [["-V"], "-V: Weir does not inject packets into interfaces"],
    [["--voip-command=rm -rf"], "--voip-command: Weir does not run commands on events"],
  ];
  for (const [words, problem] of cases) {
    test(words.join(" "), () => expect(problemsOf(...words)[0]).toBe(problem));
  }

  test("every flag of today's processors is known, or refused by name", () => {
    const names = (
      "listen id processor-id processor upstream max-hunters max-subscribers write-file stats " +
      "enable-detection filter-file tls tls-cert tls-key tls-ca tls-client-auth insecure " +
      "api-key-auth per-call-pcap per-call-pcap-dir per-call-pcap-pattern auto-rotate-pcap " +
      "auto-rotate-pcap-dir auto-rotate-pcap-pattern auto-rotate-idle-timeout " +
      "auto-rotate-max-size virtual-interface vif-name vif-type vif-buffer-size vif-netns " +
      "vif-drop-privileges pcap-command voip-command tunneling-command tunneling-threshold " +
      "tunneling-debounce command-timeout command-concurrency tls-keylog-dir config"
    ).split(" ");
    for (const name of names) {
      const { problems } = loadProcess({ words: [`--${name}=1`] });
      expect(problems.filter((text) => text.startsWith("unknown"))).toEqual([]);
    }
  });

  test("all problems are told at once", () => {
    expect(problemsOf("--foo", "-m", "x", "--workers", "0").length).toBe(3);
  });
});

describe("values", () => {
  const cases: [string[], string][] = [
    [["-m", "abc"], '-m: "abc" is not a whole number from 0 to 65,536'],
    [["--max-hunters", "-1"], '--max-hunters: "-1" is not a whole number from 0 to 65,536'],
    [["--max-hunters", "1.5"], '--max-hunters: "1.5" is not a whole number from 0 to 65,536'],
    [["--workers", "9"], '--workers: "9" is not a whole number from 1 to 8'],
    [["--stats=maybe"], '--stats: "maybe" is not true or false'],
    [["--ack", "flushed"], '--ack: "flushed" is not memory, written or synced'],
    [["--log-level", "trace"], '--log-level: "trace" is not debug, info, warn or error'],
    [["-l", "nowhere"], '-l: "nowhere" is not an address such as :50051'],
    [["-l", ":70000"], '-l: ":70000": a port is a number from 0 to 65,535'],
    [["-w", "x.cap"], '-w: "x.cap" does not end in .pcapng or .pcap, which says the format'],
    [["-w", "pcap"], '-w: "pcap" does not end in .pcapng or .pcap'],
    [["-w", "x.pcap/"], '-w: "x.pcap/" does not end in .pcapng or .pcap'],
    [["-w", "x.pcap", "--rotate-size", "1"], '--rotate-size: "1" is not a size such as 512K'],
    [["--stats-interval", "5"], '--stats-interval: "5" is not a time such as 500ms, 30s or 1h30m'],
    [["--max-message-size", "1G"], "from 64K to 32M"],
    [["--processor-id", ""], '--processor-id: "" is not a name of 1 to 1,024 bytes'],
    [["--processor-id", "a\u001b[2J"], "is not a name of 1 to 1,024 bytes"],
    [["--rotate-files", "3", "-w", "x.pcap"], "--rotate-files: needs --rotate-size or"],
    [["--rotate-size", "1M"], "--rotate-size: nothing is recorded without --write-file"],
    [["--ack", "synced"], "--ack: nothing is recorded without --write-file"],
    [["--ack", "memory"], "--ack: nothing is recorded without --write-file"],
  ];
  for (const [words, problem] of cases) {
    test(words.join(" "), () => expect(problemsOf(...words)[0]).toContain(problem));
  }
});

describe("lines of many flags", () => {
  const table: SettingTable = processorSettings(machine);
  const rows = Object.entries(table).filter(([, { flag }]) => flag !== "");
  const texts = ["x", "-1", "-", "", "a=b", "=", "true", "--no-stats", "-w"];

  /** A flag in one of its forms, and the value that it then has. */
  function form(row: Setting<unknown>, random: Random): [string[], string] {
    const { flag, short } = random.pick([row, ...(row.otherFlags ?? [])]);
    if (row.kind.placeholder === "") {
      const text = random.pick(["true", "false", "TRUE", "0", "1"]);
      const forms: [string[], string][] = [
        [[`--${flag}`], "true"],
        [[`--no-${flag}`], "false"],
        [[`--${flag}=${text}`], text],
      ];
      if (short !== undefined) forms.push([[`-${short}`], "true"], [[`-${short}=${text}`], text]);
      return random.pick(forms);
    }
    const text = random.pick(texts);
    const isPlain = text === "-" || !/^-\D/.test(text);
    const forms = [[`--${flag}=${text}`], ...(isPlain ? [[`--${flag}`, text]] : [])];
    if (short !== undefined) {
      forms.push([`-${short}=${text}`], ...(isPlain ? [[`-${short}`, text]] : []));
      if (text !== "" && !text.startsWith("=")) forms.push([`-${short}${text}`]);
    }
    return [random.pick(forms), text];
  }

  test("citty and the tokens read each flag as it was given", () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = new Random(seed);
      const chosen = rows.filter(() => random.isChance(30));
      const given = chosen.map(([field, row]) => [field, ...form(row, random)] as const);
      const words = given.flatMap(([, written]) => written);
      const argv = readArgv(words, table);
      expect(argv.problems, words.join(" ")).toEqual([]);
      const values = [...argv.flags].map(([field, { value }]) => [field, value]);
      expect(values, words.join(" ")).toEqual(given.map(([field, , value]) => [field, value]));
    }
  });

  test("after a flag that lacks its value the line is read on", () => {
    const line = (...words: string[]) => readArgv(words, table);
    const argv = line("-w", "--ack", "synced", "-s=w", "-l", ":1", "--", "--id=a");
    expect(argv.problems).toEqual([
      '-w needs a value; to give "--ack" write -w=--ack',
      'unexpected argument "--"',
    ]);
    const values = [...argv.flags].map(([field, { value }]) => [field, value]);
    expect(Object.fromEntries(values)).toEqual({
      ack: "synced",
      stats: "w",
      listen: ":1",
      processorId: "a",
    });
  });
});
