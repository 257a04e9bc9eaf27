/**
 * What a person meets who starts the program wrongly, or asks it for help. The compiled binary where
 * `npm run build` has made one, else the sources.
 */
import { afterAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const binary = join(root, "dist/weir");
const compiled = existsSync(binary);
const all = compiled
  ? [binary]
  : [process.execPath, "--feature=ALL", join(root, "src/cli/main.ts")];
const processorBinary = join(root, "dist/weir-processor");

const folder = mkdtempSync(join(tmpdir(), "weir-usage-"));
mkdirSync(join(folder, "home/.config/lippycat"), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { PATH: process.env["PATH"] ?? "", HOME: join(folder, "home"), ...environment };
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd: folder, env });
  return { exitCode, out: stdout.toString(), error: stderr.toString() };
}

const weir = (...words: string[]) => run([...all, ...words]);

describe(compiled ? "dist/weir" : "weir from its sources", () => {
  const refused: [string[], string][] = [
    [[], "weir: a command is needed"],
    [["proces"], 'weir: unknown command "proces"; did you mean process?'],
    [["--listen", ":1", "process"], 'weir: a command must come before "--listen": '],
    [["process"], "weir process: choose TLS (--tls-cert FILE and --tls-key FILE"],
    [
      ["process", "--insecure", "--wirte-file", "x.pcap"],
      "weir process: unknown flag --wirte-file; did you mean --write-file?\n",
    ],
    [["process", "--insecure", "-l", "nowhere"], 'weir process: -l: "nowhere" is not an address'],
    [["process", "--insecure", "-wa_b.pcap", "-l", "nowhere"], 'weir process: -l: "nowhere" is'],
    [["process", "--insecure", "-_"], "weir process: unknown flag -_; --help lists the flags\n"],
    [["-_"], 'weir: a command must come before "-_": '],
    [["--", "process"], 'weir: a command must come before "--": '],
    [["process", "--", "-w", "x"], 'weir process: unexpected argument "--"'],
    [["process", "--insecure", "-u", "parent:1"], "weir process: -u: this build does not forward"],
    [["process", "--insecure", "-V"], "weir process: -V: Weir does not inject packets"],
    [
      ["process", "--insecure", "--config", "none.yaml"],
      "weir process: none.yaml: there is no such",
    ],
    [["process", "--insecure", "a\u001b[2Jb"], 'weir process: unexpected argument "a\\u001b[2Jb"'],
    [["process", "--insecure", "-w", ""], "weir process: -w: the value is empty"],
    [
      ["process", "--insecure", "--config", "/dev/zero"],
      "weir process: /dev/zero: it is larger than 1 MiB",
    ],
    [["hunt", "--insecure"], "weir hunt: --read is needed"],
    [["hunt", "--insecure", "-r", "x", "-P", "x"], 'weir hunt: -P: "x" is not host:port'],
  ];
  const refusedByClients: [string[], string][] = [
    [
      ["list"],
      "weir list: one of these is needed: filters, hunters; weir list --help explains them\n",
    ],
    [["show"], "weir show: one of these is needed: status, hunter, filter, topology"],
    [["list", "filtres"], 'weir list: unknown command "filtres"; did you mean filters?'],
    [["set", "hunter"], 'weir set: unknown command "hunter"; weir set has: filter'],
    [
      ["list", "--insecure", "filters"],
      'weir list: a command must come before "--insecure": filters or hunters',
    ],
    [["list", "hunters"], "weir list hunters: choose TLS (--tls"],
    [
      ["list", "hunters", "--tls-ca", "x"],
      "weir list hunters: x (--tls-ca): there is no such file",
    ],
    [["show", "status", "--insecure", "-P", ":1"], 'weir show status: -P: ":1" is not host:port'],
    [["show", "filter", "--insecure"], "weir show filter: --id is needed"],
    [
      ["show", "hunter", "--insecure", "--id", "a\u001b"],
      'weir show hunter: --id: "a\\u001b" is not',
    ],
    [
      ["set", "filter", "--insecure"],
      "weir set filter: --type and --pattern are needed, or --file",
    ],
    [["set", "filter", "--insecure", "-t", "bpf"], "weir set filter: --pattern is needed"],
    [
      ["set", "filter", "--insecure", "-t", "sip_usr", "--pattern", "x"],
      'weir set filter: -t: "sip_usr" is not a filter type; did you mean sip_user?',
    ],
    [
      ["set", "filter", "--insecure", "-t", "tls_ja3", "--pattern", "x"],
      'weir set filter: --pattern "x" is not 32 hexadecimal digits',
    ],
    [
      ["set", "filter", "--insecure", "-t", "bpf", "-f", "x", "--no-enabled"],
      "weir set filter: -t, --no-enabled cannot be combined with --file",
    ],
    [
      ["set", "filter", "--insecure", "-f", "none.yaml"],
      "weir set filter: none.yaml: there is no such filter file",
    ],
    [["rm", "filter", "--insecure"], "weir rm filter: --id or --file is needed"],
    [["rm", "filter", "--insecure", "--id", "a", "-f", "b"], "weir rm filter: --id and --file"],
    [["completion", "tcsh"], 'weir completion: unknown command "tcsh"; weir completion has: bash'],
    [["completion", "bash", "x"], 'weir completion bash: unexpected argument "x"'],
  ];
  const cases: [number, [string[], string][]][] = [
    [2, refused],
    [64, refusedByClients],
  ];
  for (const [code, texts] of cases) {
    for (const [words, text] of texts) {
      test(`weir ${JSON.stringify(words.join(" "))} says why and exits with ${code}`, () => {
        const { exitCode, out, error } = weir(...words);
        expect(error).toStartWith(text);
        expect(out).toBe("");
        expect(exitCode).toBe(code);
      });
    }
  }

  test.each(["--help", "--version", "process --help", "process --version"])(
    "%s to a full disk is no success",
    (line) => {
      const words = line.split(" ");
      const full = openSync("/dev/full", "w");
      const { exitCode, stderr } = Bun.spawnSync([...all, ...words], {
        stdout: full,
        stderr: "pipe",
      });
      closeSync(full);
      expect(stderr.toString()).toContain("cannot write to stdout: ENOSPC");
      expect(exitCode).toBe(1);
    },
  );

  test("help goes to stdout and exits with 0", () => {
    for (const words of [
      ["--help"],
      ["help"],
      ["process", "--help"],
      ["hunt", "-h"],
      ["help", "hunt"],
      ["list", "--help"],
      ["help", "set", "filter"],
      ["rm", "filter", "-h"],
      ["completion", "zsh", "--help"],
    ]) {
      const { exitCode, out, error } = weir(...words);
      expect([exitCode, error]).toEqual([0, ""]);
      expect(out).toContain("Usage: weir");
    }
  });

  test("--version names version, commit, variant and Bun", () => {
    for (const words of [
      ["--version"],
      ["process", "--version"],
      ["show", "status", "--version"],
    ]) {
      const { exitCode, out } = weir(...words);
      expect(out).toMatch(/^weir \S+ \(commit \S+, variant \S+, Bun \d+\.\d+\.\d+\)\n$/);
      expect(exitCode).toBe(0);
    }
  });

  test("a wrong key of the file is named with its line", () => {
    const path = join(folder, "home/.config/lippycat/config.yaml");
    writeFileSync(path, "processor:\n  max_huntres: 1\n");
    const { exitCode, error } = weir("process", "--insecure");
    rmSync(path);
    expect(error).toBe(
      `weir process: ${path}:2: unknown key processor.max_huntres; did you mean processor.max_hunters?\n`,
    );
    expect(exitCode).toBe(2);
  });

  test("the file may be a pipe", () => {
    const command =
      'echo "processor: {max_huntres: 1}" | "$@" process --insecure --config /dev/stdin';
    const { exitCode, error } = run(["sh", "-c", command, "sh", ...all]);
    expect(error).toStartWith("weir process: /dev/stdin:1: unknown key processor.max_huntres");
    expect(exitCode).toBe(2);
  });

  test.skipIf(!compiled)("nothing is read from the working directory", () => {
    writeFileSync(join(folder, ".env"), "LIPPYCAT_PROCESSOR_MAX_HUNTERS=from-dot-env\n");
    writeFileSync(join(folder, "config.yaml"), "processor:\n  max_hunters: from-file\n");
    const { error } = weir("process", "--insecure", "--workers", "none");
    expect(error.trimEnd().split("\n").length).toBe(1);
    expect(error).toContain("--workers");
  });
});

test.skipIf(!existsSync(processorBinary))(
  "the processor variant has neither hunt nor clients",
  () => {
    for (const name of ["hunt", "list", "show", "set", "rm", "completion"]) {
      const { exitCode, error } = run([processorBinary, name, "--insecure"]);
      expect(error).toBe(`weir: unknown command "${name}"; this build has: process\n`);
      expect(exitCode).toBe(2);
    }
    // The files are left out, not only the names.
    const text = readFileSync(processorBinary);
    expect(text.includes("--id is needed; weir list filters")).toBe(false);
    expect(text.includes("_arguments -s -S")).toBe(false);
  },
);
