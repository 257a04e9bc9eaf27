/** The commands that ask a node, as a person or a script runs them, against a node that answers from memory. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { FilterSchema } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { FakeNode } from "../support/fake-node.ts";
import { binaries, runWeir, scratchDirectory } from "../support/weir-process.ts";

let node: FakeNode;
beforeAll(async () => {
  node = await FakeNode.start();
});
beforeEach(() => {
  node.filters.clear();
  node.refusals.clear();
  node.status = {};
});
afterAll(() => node.stop());

const weir = (...words: string[]) => runWeir([...words, "--insecure", "-P", node.address]);

describe("one question, one answer", () => {
  test("stdout is JSON when it is no terminal, and a table when that is asked for", async () => {
    node.status = { hunters: [{ hunterId: "edge-1" }], processorStats: { processorId: "core" } };
    const hunters = await weir("list", "hunters");
    expect([hunters.code, hunters.text]).toEqual([0, ""]);
    expect(JSON.parse(hunters.stdout)).toMatchObject([{ hunter_id: "edge-1", status: "healthy" }]);
    const table = await weir("list", "hunters", "--no-json");
    expect(table.stdout).toStartWith("HUNTER  STATUS   ADDRESS");
    expect(JSON.parse((await weir("show", "status")).stdout)).toMatchObject({
      processor_id: "core",
    });
    expect(JSON.parse((await weir("show", "topology")).stdout)).toMatchObject({ hunters: [] });
    expect(JSON.parse((await weir("show", "hunter", "--id", "edge-1")).stdout)).toHaveProperty(
      "stats",
    );
    expect((await weir("list", "filters")).stdout).toBe("[]\n");
  });

  test("a filter is set, listed, shown and removed", async () => {
    const set = await weir(
      "set",
      "filter",
      "-t",
      "sip_user",
      "--pattern",
      "alice",
      "--hunters",
      "a, b",
    );
    const { filter_id: id, ...result } = JSON.parse(set.stdout);
    expect(result).toEqual({ success: true, error: "", hunters_updated: 2 });
    const shown = await weir("show", "filter", "--id", id);
    expect(JSON.parse(shown.stdout)).toEqual({
      id,
      type: "sip_user",
      pattern: "alice",
      target_hunters: ["a", "b"],
      enabled: true,
      description: "",
    });
    await weir("set", "filter", "-t", "bpf", "--pattern", "udp", "--id", "off", "--enabled=false");
    expect(node.filters.get("off")?.enabled).toBe(false);
    const removed = await weir("rm", "filter", "--id", id, "--no-json");
    expect(removed.stdout).toBe(`${id}: removed, 2 hunters updated\n`);
    expect([...node.filters.keys()]).toEqual(["off"]);
  });

  test("what list filters prints can be set again, and its ids removed, through pipes", async () => {
    for (const id of ["a", "b", "c\u202e"]) {
      node.filters.set(id, create(FilterSchema, { id, pattern: `"${id}" \\`, enabled: true }));
    }
    const before = [...node.filters.values()];
    const command = [
      '"$@" list filters > filters.json',
      'grep -o \'"id": "."\' filters.json | cut -d\'"\' -f4 | "$@" rm filter -f - > removed.json',
      '"$@" set filter -f - < filters.json',
    ];
    node.filters.delete("c\u202e");
    const { stdout, exitCode } = await sh(command.join(" && "));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(2);
    expect([...node.filters.values()]).toEqual(before.slice(0, 2));
  });
});

describe("failures", () => {
  const codes: [status, number][] = [
    [status.UNAVAILABLE, 2],
    [status.DEADLINE_EXCEEDED, 2],
    [status.INVALID_ARGUMENT, 3],
    [status.FAILED_PRECONDITION, 3],
    [status.NOT_FOUND, 4],
    [status.INTERNAL, 1],
    [status.UNIMPLEMENTED, 1],
    [status.RESOURCE_EXHAUSTED, 1],
  ];
  test.each(codes)(
    "status %d of the node is exit code %d, and words on stderr",
    async (code, exit) => {
      node.refusals.set("", { code, details: "the\u001b[2J reason" });
      const { code: exitCode, stdout, text } = await weir("list", "filters");
      expect([exitCode, stdout]).toEqual([exit, ""]);
      expect(text).toStartWith("weir list filters: ");
      expect(text.trimEnd().split("\n")).toHaveLength(1);
      expect(text).not.toContain("\u001b");
    },
  );

  test("nobody at the address, and a name that is none", async () => {
    const nobody = await runWeir(["show", "status", "--insecure", "-P", "127.0.0.1:1"]);
    expect(nobody.code).toBe(2);
    expect(nobody.text).toBe("weir show status: cannot reach 127.0.0.1:1: connection refused\n");
    const nowhere = await runWeir(["show", "status", "--insecure", "-P", "no-such-host.invalid:1"]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.text).toContain("there is no host of that name");
  });

  test("of a file, each filter that is refused is told, and the exit code is that of the worst", async () => {
    node.refusals.set("b", { code: status.INVALID_ARGUMENT, details: "pattern" });
    const script = `{ echo filters:; printf -- '- {id: %s, type: bpf, pattern: udp}\\n' a b c; } | "$@" set filter -f -`;
    const { stdout, stderr, exitCode } = await sh(script);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout).map(({ success }: { success: boolean }) => success)).toEqual([
      true,
      false,
      true,
    ]);
    expect(stderr).toBe(`weir set filter: filter "b": ${node.address} refuses: pattern\n`);
    const removed = await sh(`printf 'a\\n# not this\\nnone\\n' | "$@" rm filter -f - --no-json`);
    expect([removed.exitCode, removed.stdout]).toEqual([4, "a: removed, 2 hunters updated\n"]);
  });

  test("of a bad file nothing is sent, and each problem has its line", async () => {
    const asked = node.asked.length;
    const script = `printf 'filters:\\n- {id: a, type: bpf, pattern: udp}\\n- {type: bfp}\\n- {}\\n' | "$@" set filter -f -`;
    const { stdout, stderr, exitCode } = await sh(script);
    expect([exitCode, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("weir set filter: standard input:3: ");
    expect(stderr).toContain("weir set filter: standard input:4: ");
    expect(node.asked.length).toBe(asked);
  });
});

describe("on a terminal", () => {
  /** What is drawn on a terminal of 80 columns. */
  async function drawn(words: readonly string[], env: Readonly<Record<string, string>>) {
    const home = scratchDirectory();
    const decoder = new TextDecoder();
    let text = "";
    const child = Bun.spawn([binaries.all, ...words, "--insecure", "-P", node.address], {
      cwd: home,
      env: { PATH: process.env["PATH"] ?? "", HOME: home, TERM: "xterm", ...env },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_, bytes) => {
          text += decoder.decode(bytes, { stream: true });
        },
      },
    });
    await child.exited;
    child.terminal?.close();
    return text.replaceAll("\r\n", "\n");
  }

  test("there is a table that fits, in colours unless NO_COLOR is set", async () => {
    const remoteAddr = "[2001:db8:1111:2222:3333:4444:5555:6666]:51234";
    node.status = {
      hunters: [
        { hunterId: "h".repeat(200), remoteAddr, status: 2 },
        { hunterId: "\u001b[2J\u202e", hostname: "x" },
      ],
    };
    const plain = await drawn(["list", "hunters"], { NO_COLOR: "1" });
    const lines = plain.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(plain).not.toContain("\u001b");
    expect(plain).not.toContain("\u202e");
    expect(await drawn(["list", "hunters"], {})).toContain("\u001b[31merror  ");
    expect(await drawn(["list", "hunters", "--json"], {})).toStartWith("[\n  {\n");
    expect(await drawn(["list", "filters"], {})).toBe("the node has no filters\n");
  });
});

describe("the output", () => {
  beforeEach(() => {
    for (let index = 0; index < 20_000; index += 1) {
      const id = `filter-${String(index).padStart(5, "0")}`;
      node.filters.set(id, create(FilterSchema, { id, pattern: "a pattern of some length" }));
    }
  });

  test("is whole when its reader is slow, and no error when its reader leaves", async () => {
    const slow = await sh('"$@" list filters | { sleep 0.3; cat; }');
    expect(JSON.parse(slow.stdout)).toHaveLength(20_000);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the shell
    const left = await sh('"$@" list filters --no-json | head -n 2; echo "${PIPESTATUS[0]}"');
    expect(left.stdout.split("\n")).toHaveLength(4);
    expect(left.stdout).toEndWith("\n0\n");
    expect(left.stderr).toBe("");
  });

  test("that cannot be written is a failure", async () => {
    const { stderr, exitCode } = await sh('"$@" list filters > /dev/full');
    expect(exitCode).toBe(1);
    expect(stderr).toContain("weir list filters: cannot write to stdout: ENOSPC");
  });
});

test("completion prints a script that bash takes", async () => {
  const script = `source <("$1" completion bash); COMP_WORDS=(weir set filter -t tls); COMP_CWORD=4; _weir; echo "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await sh(script);
  expect(stderr).toBe("");
  expect(stdout).toBe("tls_sni tls_ja3 tls_ja3s tls_ja4\n");
});

/** A script in bash whose `"$@"` is weir, which asks the node of this test without further flags. */
async function sh(script: string) {
  const cwd = scratchDirectory();
  const child = Bun.spawn(["bash", "-o", "pipefail", "-c", script, "bash", binaries.all], {
    cwd,
    env: {
      ...process.env,
      HOME: cwd,
      LIPPYCAT_INSECURE: "1",
      LIPPYCAT_REMOTE_PROCESSOR: node.address,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}
