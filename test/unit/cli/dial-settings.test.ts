/** How the commands that connect to a node are told to: TLS or plain text, certificates, API key. */
import { describe, expect, test } from "bun:test";
import { dialConfigOf } from "../../../src/cli/dial-choice.ts";
import { loadClient, loadHunt, type Situation } from "./load.ts";

const hunt = ({ words = [], ...rest }: Situation) =>
  loadHunt({ ...rest, words: ["--read", "x.pcap", ...words] });
const commands = [
  ["hunt", "hunter", hunt],
  ["list, show, set and rm", "remote", loadClient],
] as const;

describe.each([...commands])("weir %s", (_, section, load) => {
  const problems = (...words: string[]) => load({ words }).problems;
  const config = (situation: Situation) => {
    const loaded = load(situation);
    expect(loaded.problems).toEqual([]);
    return dialConfigOf(loaded.settings);
  };

  test("wants a choice", () => {
    const [problem, ...others] = problems();
    expect(problem).toStartWith("choose TLS (--tls, and --tls-ca FILE");
    expect(others).toEqual([]);
    expect(problems("--api-key-file", "k")).toEqual([problem!]);
    expect(problems("--no-tls")).toEqual([problem!]);
  });

  test("has TLS when any of its flags is given, or none", () => {
    const none = { caFile: "", certFile: "", keyFile: "", skipVerify: false };
    expect(config({ words: ["--insecure"] })).toEqual({ tls: undefined, apiKeyFile: "" });
    expect(config({ words: ["--tls"] }).tls).toEqual(none);
    expect(config({ words: ["--tls-ca", "a.pem"] }).tls).toEqual({ ...none, caFile: "a.pem" });
    expect(config({ words: ["--tls-skip-verify"] }).tls).toEqual({ ...none, skipVerify: true });
    const own = { ...none, certFile: "c.pem", keyFile: "c.key" };
    const words = ["--tls-cert", "c.pem", "--tls-key=c.key", "--api-key-file", "k"];
    expect(config({ words })).toEqual({ tls: own, apiKeyFile: "k" });
  });

  test("has it from the file, by both spellings, and from the environment", () => {
    const tls = { caFile: "a", certFile: "c", keyFile: "k", skipVerify: true };
    const long = `{ca_file: a, cert_file: c, key_file: k, skip_verify: true}`;
    expect(config({ yaml: `${section}:\n  tls: ${long}\n` }).tls).toEqual(tls);
    const short = long.replaceAll("_file", "");
    expect(config({ yaml: `${section}:\n  tls: ${short}\n` }).tls).toEqual(tls);
    const prefix = `LIPPYCAT_${section.toUpperCase()}_`;
    const environment = { [`${prefix}TLS_CA`]: "a", [`${prefix}API_KEY_FILE`]: "f" };
    const { tls: byEnvironment, apiKeyFile } = config({ environment });
    expect([byEnvironment?.caFile, apiKeyFile]).toEqual(["a", "f"]);
  });

  test("refuses TLS and none of it together, wherever they come from", () => {
    expect(problems("--insecure", "--tls")).toEqual(["--tls and --insecure exclude each other"]);
    const { problems: found } = load({
      words: ["--tls-ca", "a.pem"],
      environment: { LIPPYCAT_INSECURE: "true" },
    });
    expect(found).toEqual(["--tls-ca and LIPPYCAT_INSECURE exclude each other"]);
    const yaml = `${section}:\n  insecure: true\n  tls: {ca: "", skip_verify: false}\n`;
    expect(load({ yaml }).problems).toEqual([]);
  });

  test("wants certificate and key together", () => {
    expect(problems("--tls-cert", "c")).toEqual(["--tls-cert: needs --tls-key as well"]);
    expect(problems("--tls-key", "c")).toEqual(["--tls-key: needs --tls-cert as well"]);
  });

  test("warns of what is not safe", () => {
    expect(load({ words: ["--tls-skip-verify"] }).warnings).toEqual([
      "--tls-skip-verify: the node's certificate is not checked; any program can pose as the node",
    ]);
    expect(load({ words: ["--insecure", "--api-key-file", "k"] }).warnings).toEqual([
      "--api-key-file: without TLS, anyone on the network can read the key",
    ]);
    expect(load({ words: ["--tls", "--api-key-file", "k"] }).warnings).toEqual([]);
  });

  test("in production refuses what is not safe", () => {
    const environment = { LIPPYCAT_PRODUCTION: "true" };
    const production = (...words: string[]) => load({ words, environment }).problems;
    expect(production("--tls-ca", "a")).toEqual([]);
    expect(production("--insecure")).toEqual([
      "--insecure: LIPPYCAT_PRODUCTION demands TLS; unset it, or use TLS",
    ]);
    expect(production("--tls-skip-verify")).toEqual([
      "--tls-skip-verify: LIPPYCAT_PRODUCTION demands that certificates are checked",
    ]);
  });

  test("takes no API key as a value, and does not repeat it", () => {
    const environment = { [`LIPPYCAT_${section.toUpperCase()}_API_KEY`]: "hush" };
    const yaml = `${section}:\n  api_key: hush\n`;
    const given = [
      { words: ["--api-key", "hush"] },
      { words: ["--api-key=hush"] },
      { environment },
      { yaml },
    ];
    for (const { words = [], ...rest } of given as Situation[]) {
      const { problems: found } = load({ ...rest, words: ["--tls", ...words] });
      expect(found).toHaveLength(1);
      expect(found[0]).toEndWith("put it into a file and name the file with --api-key-file");
      expect(found[0]).not.toContain("hush");
    }
  });
});
