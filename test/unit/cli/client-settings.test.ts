/** Where the settings of list, show, set and rm come from. */
import { expect, test } from "bun:test";
import { loadClientSettings } from "../../../src/cli/client-command.ts";
import { loadClient, type Situation } from "./load.ts";

const problems = (situation: Situation) => loadClient(situation).problems;

test("flags win over the environment, and that over the section remote of the file", () => {
  const yaml = "remote:\n  processor: file:1\n  insecure: true\nprocessor:\n  unknown_here: 1\n";
  const environment = { LIPPYCAT_REMOTE_PROCESSOR: "env:2" };
  expect(loadClient({ yaml }).settings.processor.value).toEqual({ host: "file", port: 1 });
  expect(loadClient({ yaml }).settings.insecure.value).toBe(true);
  expect(loadClient({ yaml, environment }).settings.processor.value).toEqual({
    host: "env",
    port: 2,
  });
  const words = ["-P", "flag:3"];
  const { settings, ...told } = loadClient({ yaml, environment, words });
  expect(settings.processor.value).toEqual({ host: "flag", port: 3 });
  expect([told.problems, told.warnings]).toEqual([[], []]);
});

test("the node of this machine is asked when none is named", () => {
  const { settings } = loadClient({ words: ["--insecure"] });
  expect(settings.processor.value).toEqual({ host: "127.0.0.1", port: 50_051 });
});

test("a wrong key of the section is named with its line", () => {
  const yaml = "remote:\n  insecure: true\n  procesor: x:1\n";
  expect(problems({ yaml })).toEqual([
    "~/.config/lippycat/config.yaml:3: unknown key remote.procesor; did you mean remote.processor?",
  ]);
});

test("what goes together is judged when each thing alone is right", () => {
  let judged = 0;
  const check = () => [`judged ${++judged} times`];
  const surroundings = { environment: {}, home: "" };
  const load = (...words: string[]) =>
    loadClientSettings({ rows: {}, check }, { ...surroundings, words }).problems;
  expect(load("--insecure")).toEqual(["judged 1 times"]);
  expect(load("--insecure", "--bogus")).toHaveLength(1);
  expect(judged).toBe(1);
});
