/** Settings that the environment gives, and what looks like one. */
import { describe, expect, test } from "bun:test";
import { loadProcess } from "./load.ts";

const insecure = ["--insecure"];

describe("the environment", () => {
  test("variables that begin with the program's name are told, and not read", () => {
    const environment = {
      WEIR_PROCESSOR_MAX_HUNTERS: "5",
      WEIR_PROCESSOR_TLS_ENABLED: "true",
      WEIR_X: "",
    };
    const { problems, warnings } = loadProcess({ words: insecure, environment });
    expect(problems).toEqual([
      "WEIR_PROCESSOR_TLS_ENABLED is not read; the variable is LIPPYCAT_PROCESSOR_TLS_ENABLED",
    ]);
    expect(warnings).toEqual([
      "WEIR_PROCESSOR_MAX_HUNTERS is not read; the variable is LIPPYCAT_PROCESSOR_MAX_HUNTERS",
    ]);
  });

  test("an ill-typed value names the variable", () => {
    const environment = { LIPPYCAT_PROCESSOR_MAX_HUNTERS: "lots" };
    expect(loadProcess({ words: insecure, environment }).problems).toEqual([
      'LIPPYCAT_PROCESSOR_MAX_HUNTERS: "lots" is not a whole number from 0 to 65,536',
    ]);
  });

  test("an unknown name under the section is a warning with the nearest name", () => {
    const environment = {
      LIPPYCAT_PROCESSOR_MAX_HUNTRES: "5",
      LIPPYCAT_OTHER: "x",
      INSECURE: "true",
    };
    const { problems, warnings } = loadProcess({ words: insecure, environment });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      "LIPPYCAT_PROCESSOR_MAX_HUNTRES is not a setting; did you mean LIPPYCAT_PROCESSOR_MAX_HUNTERS?",
    ]);
  });

  test("the unprefixed INSECURE does not switch TLS off", () => {
    expect(loadProcess({ environment: { INSECURE: "true" } }).problems.length).toBe(1);
  });

  test("an empty variable is not set", () => {
    const environment = { LIPPYCAT_PROCESSOR_MAX_HUNTERS: "" };
    expect(loadProcess({ words: insecure, environment }).settings.maxHunters.value).toBe(100);
  });

  test("an empty name of the capture file is refused, also as a flag, but not in the file", () => {
    const text = "the value is empty: name a file, or leave the setting out to record nothing";
    const name = "LIPPYCAT_PROCESSOR_WRITE_FILE";
    const byVariable = loadProcess({ words: insecure, environment: { [name]: "" } });
    expect(byVariable.problems).toEqual([`${name}: ${text}`]);
    for (const words of [["-w", ""], ["-w="], ["--write-file", ""], ["--write-file="]]) {
      const flag = words[0]?.replace("=", "");
      const { problems } = loadProcess({ words: [...insecure, ...words, "--rotate-size", "1G"] });
      expect(problems).toEqual([`${flag}: ${text}`]);
    }
    const byFile = loadProcess({ words: insecure, yaml: 'processor:\n  write_file: ""\n' });
    expect([byFile.problems, byFile.settings.writeFile.value]).toEqual([[], ""]);
  });

  test("a slip in what keeps others out is told, and names of other programs are not", () => {
    const warnings = (name: string) =>
      loadProcess({ words: insecure, environment: { [name]: "true" } }).warnings;
    for (const [name, meant] of [
      ["LIPPYCAT_PRODUCTON", "LIPPYCAT_PRODUCTION"],
      ["LIPPYCAT_SECURITY_API_KEY_ENABLED", "LIPPYCAT_SECURITY_API_KEYS_ENABLED"],
    ] as const) {
      expect(warnings(name)).toEqual([`${name} is not a setting; did you mean ${meant}?`]);
    }
    const unknown = "LIPPYCAT_SECURITY_IDENTITIES";
    expect(warnings(unknown)).toEqual([`${unknown} is not a setting`]);
    for (const other of ["LIPPYCAT_HUNTER_TLS_CERT", "LIPPYCAT_VOIP_MODE", "LIPPYCAT_X"]) {
      expect(warnings(other)).toEqual([]);
    }
  });

  test("LIPPYCAT_PRODUCTION is a switch", () => {
    const production = (value: string) =>
      loadProcess({ words: insecure, environment: { LIPPYCAT_PRODUCTION: value } }).problems;
    const demand = "--insecure: LIPPYCAT_PRODUCTION demands TLS; unset it, or use TLS";
    expect(production("true")).toEqual([demand]);
    expect(production("1")).toEqual([demand]);
    expect(production("false")).toEqual([]);
    expect(production("maybe")).toEqual(['LIPPYCAT_PRODUCTION: "maybe" is not true or false']);
  });

  test("what Weir does not have is refused by name", () => {
    const problems = (name: string, value: string) =>
      loadProcess({ words: insecure, environment: { [name]: value } }).problems;
    expect(problems("LIPPYCAT_PROCESSOR_PER_CALL_PCAP_ENABLED", "true")).toEqual([
      "LIPPYCAT_PROCESSOR_PER_CALL_PCAP_ENABLED: Weir does not write a file per call",
    ]);
    expect(problems("LIPPYCAT_SECURITY_API_KEYS_ENABLED", "true").length).toBe(1);
    expect(problems("LIPPYCAT_SECURITY_API_KEYS_ENABLED", "false")).toEqual([]);
  });
});
